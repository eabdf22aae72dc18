package dev.afterimage.projection.change;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The topics of the feed, by the kind of their records. */
@ConfigMapping(prefix = "feed")
public interface FeedTopics {

    /** The topics with events of aggregates. */
    @WithDefault("order.events,customer.events,product.events")
    List<String> topics();

    /** Topics with changes of table rows, such as {@code cdc.public.orders}. Their records go to the event log only. */
    Optional<List<String>> tableTopics();

    /** The topics of both kinds. */
    static List<String> all(FeedTopics feed) {
        return Stream.concat(feed.topics().stream(), feed.tableTopics().stream().flatMap(List::stream))
                .toList();
    }
}
