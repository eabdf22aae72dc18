/** Makes millions of changes on any PostgreSQL, or shop traffic over REST. */
@NullMarked
package dev.afterimage.cli.command.simulate;

import org.jspecify.annotations.NullMarked;
