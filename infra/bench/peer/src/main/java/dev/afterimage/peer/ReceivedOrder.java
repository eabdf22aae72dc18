package dev.afterimage.peer;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;

/** An order as the consumer read it. */
@Entity
public class ReceivedOrder {

    @Id
    long orderId;

    @Column(columnDefinition = "text")
    String image;

    protected ReceivedOrder() {}

    ReceivedOrder(long orderId, String image) {
        this.orderId = orderId;
        this.image = image;
    }
}
