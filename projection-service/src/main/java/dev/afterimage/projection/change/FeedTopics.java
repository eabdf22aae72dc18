package dev.afterimage.projection.change;

import io.smallrye.config.ConfigMapping;
import java.util.List;
import java.util.Optional;

/** The configuration of the feed's topics, by the kind of their records. */
@ConfigMapping(prefix = "feed")
public interface FeedTopics {

    /** The topics with events of aggregates. Without a value, the topics of all read models. */
    Optional<List<String>> topics();

    /** Topics with changes of table rows, such as {@code cdc.public.orders}. Their records go to the event log only. */
    Optional<List<String>> tableTopics();
}
