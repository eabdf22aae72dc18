package dev.afterimage.projection.view.order;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.afterimage.projection.view.RowOrigin;
import dev.afterimage.projection.view.View;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An order in the read model: its last image, and the event that set it.
 *
 * @param customer null before the first event of the customer and after its delete: customers have a separate topic, so
 *     their events may come later
 */
@RegisterForReflection
public record OrderView(
        UUID id,
        UUID customerId,
        @Nullable Customer customer,
        OrderStatus status,
        String currency,
        @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal total,
        List<OrderImage.Item> items,
        Instant createdAt,
        Instant updatedAt,
        long version,
        RowOrigin cdc)
        implements View {

    public OrderView {
        items = List.copyOf(items);
    }

    /** The customer in its current state, independent of the version of the order. */
    @RegisterForReflection
    public record Customer(
            UUID id, String name, String email, @JsonIgnore long version) {}

    /**
     * A strong tag: it changes with every change of the shown data, including the customer's name. The tag is the
     * order's version, followed by the customer's version unless that is 1: {@code 2}; {@code 2-5} after four changes
     * of the customer; {@code 2-0} if the customer is missing. For an {@code If-Match} at order-service use {@code
     * version}.
     */
    @Override
    public String opaqueTag() {
        long shown = customer == null ? 0 : customer.version();
        return shown == 1 ? Long.toString(version) : version + "-" + shown;
    }

    OrderImage image() {
        return new OrderImage(id, customerId, status, currency, total, items, createdAt, updatedAt, version);
    }

    OrderView withItems(List<OrderImage.Item> newItems) {
        return new OrderView(
                id, customerId, customer, status, currency, total, newItems, createdAt, updatedAt, version, cdc);
    }
}
