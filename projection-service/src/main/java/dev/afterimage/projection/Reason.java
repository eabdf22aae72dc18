package dev.afterimage.projection;

/** Why a request is refused. {@code web.ProblemType} has a problem of the same name for each. */
public enum Reason {
    INVALID_REQUEST,
    UNKNOWN_ID,
    REBUILD_RUNNING,
    /** The dead letter still cannot be applied. */
    STILL_REFUSED,
    /** The resource does not have the version that the client requires. */
    VERSION_MOVED,
    /** The version for which the client waits did not come in time. */
    NOT_APPLIED_IN_TIME
}
