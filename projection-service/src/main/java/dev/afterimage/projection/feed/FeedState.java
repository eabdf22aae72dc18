package dev.afterimage.projection.feed;

/** How the feed is. */
public enum FeedState {
    STARTING("has no partitions assigned yet", false),
    FOLLOWING("follows its partitions", true),
    BROKER_LOST("has no connection to the broker", false),
    WAITING("waits for the database or the broker", false),
    STOPPED("has stopped", false);

    private final String description;
    private final boolean ready;

    FeedState(String description, boolean ready) {
        this.description = description;
        this.ready = ready;
    }

    String description() {
        return description;
    }

    boolean ready() {
        return ready;
    }
}
