package dev.afterimage.shop;

import dev.afterimage.testing.NativeRegistration;

/** What the integration tests before this one reached is in the executable too. */
class NativeIT extends NativeRegistration {}
