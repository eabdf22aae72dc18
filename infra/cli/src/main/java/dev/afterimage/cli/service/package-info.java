/** What the commands talk to: the local pipeline and its parts, both services, topics, any PostgreSQL. */
@NullMarked
package dev.afterimage.cli.service;

import org.jspecify.annotations.NullMarked;
