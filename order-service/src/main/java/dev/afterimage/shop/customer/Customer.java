package dev.afterimage.shop.customer;

import dev.afterimage.shop.outbox.Aggregates.Aggregate;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;

@Entity
@Table(name = "customers")
public class Customer implements Aggregate {

    @Id
    private UUID id;

    private String name;
    private String email;
    private Instant createdAt;
    private Instant updatedAt;
    private long version;

    protected Customer() {}

    Customer(UUID id, String name, String email, Instant at) {
        this.id = id;
        this.name = name;
        this.email = email;
        this.createdAt = at;
        this.updatedAt = at;
        this.version = 1;
    }

    /** Sets the details. The same details change nothing, so a repeated request is harmless. */
    void change(String name, String email, Instant at) {
        if (name.equals(this.name) && email.equals(this.email)) {
            return;
        }
        this.name = name;
        this.email = email;
        this.updatedAt = at;
        this.version++;
    }

    @Override
    public CustomerImage image() {
        return new CustomerImage(id, name, email, createdAt, updatedAt, version);
    }
}
