/** Records what a JVM reaches by reflection, so that a test can hold it against what a native build registers. */
package dev.afterimage.testing.agent;
