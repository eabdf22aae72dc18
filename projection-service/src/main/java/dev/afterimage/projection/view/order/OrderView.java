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
 * An order as the read model holds it: its last image, and which event that came from.
 *
 * @param customer null while no event of the customer has been applied, or after its delete: it has a topic of its own
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

    /** Who ordered, as its last event left it, whatever version the order is of. */
    @RegisterForReflection
    public record Customer(
            UUID id, String name, String email, @JsonIgnore long version) {}

    /**
     * A strong tag: it changes with every change of what is shown, the customer's name included. It is the order's version,
     * with the customer's behind it unless that is the first: {@code 2}, and {@code 2-5} after four changes of the customer;
     * {@code 2-0} where the customer is missing. For an {@code If-Match} at order-service take {@code version}.
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
