package dev.afterimage.shop;

/** Why a request is refused. {@code web.ProblemType} has a problem of the same name for each. */
public enum Reason {
    INVALID_REQUEST,
    /** The caller may not do this to the data of others. */
    FORBIDDEN,
    UNKNOWN_ID,
    /** Another aggregate already has a value that must be unique. */
    DUPLICATE,
    /** Something refers to what would be deleted. */
    IN_USE,
    TRANSITION_NOT_ALLOWED,
    ITEMS_FIXED,
    SNAPSHOT_RUNNING,
    /** The aggregate does not have the version that the client requires. */
    VERSION_MOVED,
    /** The idempotency key was used before with another request. */
    KEY_REUSED
}
