package dev.afterimage.projection;

import dev.afterimage.testing.NativeRegistration;

/** The native executable contains all classes that the integration tests used. */
class NativeIT extends NativeRegistration {}
