/** Records what a JVM reaches by reflection, so that a test can compare it with the registrations of a native build. */
package dev.afterimage.testing.agent;
