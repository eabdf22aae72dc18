package dev.afterimage.projection.feed;

import java.time.Instant;
import java.util.List;

/** The CDI event after the commit of a transaction that applied records. */
public record CommittedRecords(List<Outcome> outcomes, Instant appliedAt) {}
