package dev.afterimage.projection.feed;

/** A part of the time from the commit of an event to its commit here, in the order of the way. */
public enum Stage {
    /** From the event's {@code ts_ms} to the timestamp of its record, which is when Debezium read the change. */
    COMMIT_TO_CONNECT("commit-to-connect"),
    /** Until the feed has the record: the record does not tell when it became visible on the topic. */
    CONNECT_TO_VISIBLE("connect-to-visible"),
    VISIBLE_TO_APPLIED("visible-to-applied");

    private final String label;

    Stage(String label) {
        this.label = label;
    }

    public String label() {
        return label;
    }
}
