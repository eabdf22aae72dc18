package dev.afterimage.peer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.debezium.outbox.quarkus.ExportedEvent;
import jakarta.enterprise.event.Event;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jboss.resteasy.reactive.ResponseStatus;

/** Takes the same requests as order-service. */
@Path("/orders")
public class OrderResource {

    private static final BigDecimal PRICE = new BigDecimal("29.90");

    private final EntityManager entities;
    private final Event<ExportedEvent<?, ?>> outbox;
    private final ObjectMapper json;

    OrderResource(EntityManager entities, Event<ExportedEvent<?, ?>> outbox, ObjectMapper json) {
        this.entities = entities;
        this.outbox = outbox;
        this.json = json;
    }

    record Item(UUID productId, int quantity) {}

    record NewOrder(UUID customerId, List<Item> items) {}

    @POST
    @ResponseStatus(201)
    @Transactional
    public Map<String, Long> place(NewOrder wanted) {
        var order = new PurchaseOrder(
                wanted.customerId(),
                wanted.items().stream()
                        .map(item -> new PurchaseOrder.Line(item.productId(), item.quantity(), PRICE))
                        .toList());
        entities.persist(order);
        outbox.fire(new OrderPlaced(Long.toString(order.id), order.orderDate, image(order)));
        return Map.of("id", order.id);
    }

    private ObjectNode image(PurchaseOrder order) {
        ObjectNode image = json.createObjectNode()
                .put("id", order.id)
                .put("customerId", order.customerId.toString())
                .put("orderDate", order.orderDate.toString());
        for (PurchaseOrder.Line line : order.lines) {
            image.withArray("lines")
                    .addObject()
                    .put("id", line.id)
                    .put("productId", line.productId.toString())
                    .put("quantity", line.quantity)
                    .put("totalPrice", line.totalPrice);
        }
        return image;
    }
}
