package dev.afterimage.projection.feed;

/** The state of the feed, with the text that the readiness check shows. */
public enum FeedState {
    STARTING("has no partitions assigned yet"),
    FOLLOWING("follows its partitions"),
    BROKER_LOST("has no connection to the broker"),
    WAITING("waits for the database or the broker"),
    STOPPED("has stopped");

    private final String description;

    FeedState(String description) {
        this.description = description;
    }

    String description() {
        return description;
    }
}
