package dev.afterimage.peer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/** Handles each event once, in one transaction with its id. */
@ApplicationScoped
public class OrderConsumer {

    private final EntityManager entities;
    private final ObjectMapper json;

    OrderConsumer(EntityManager entities, ObjectMapper json) {
        this.entities = entities;
        this.json = json;
    }

    @Incoming("orders")
    @Transactional
    public void receive(ConsumerRecord<String, String> event) throws JsonProcessingException {
        var eventId =
                UUID.fromString(new String(event.headers().lastHeader("id").value(), StandardCharsets.UTF_8));
        if (entities.find(ConsumedEvent.class, eventId) != null) {
            return;
        }
        // the converter writes the JSON as a string
        String image = json.readTree(event.value()).asText();
        entities.persist(new ReceivedOrder(json.readTree(image).required("id").asLong(), image));
        entities.persist(new ConsumedEvent(eventId));
    }
}
