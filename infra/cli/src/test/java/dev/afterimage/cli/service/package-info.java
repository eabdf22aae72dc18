@NullMarked
package dev.afterimage.cli.service;

import org.jspecify.annotations.NullMarked;
