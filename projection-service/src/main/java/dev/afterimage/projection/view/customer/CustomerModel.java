package dev.afterimage.projection.view.customer;

import dev.afterimage.projection.change.Fields;
import dev.afterimage.projection.change.MalformedRecord;
import dev.afterimage.projection.sql.RoundTrip;
import dev.afterimage.projection.sql.Sql.Column;
import dev.afterimage.projection.view.ReadModel;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Writes events into {@code customers}. */
@ApplicationScoped
@Priority(2) // the place of its topic in the feed
public class CustomerModel extends ReadModel<CustomerImage> {

    public CustomerModel() {
        super(
                "customer",
                List.of(
                        new Column<>("id", "uuid", CustomerImage::id),
                        new Column<>("name", "text", CustomerImage::name),
                        new Column<>("email", "text", CustomerImage::email),
                        new Column<>("created_at", "timestamptz", CustomerImage::createdAt),
                        new Column<>("updated_at", "timestamptz", CustomerImage::updatedAt),
                        new Column<>("version", "int8", CustomerImage::version)));
    }

    @Override
    public CustomerImage read(Fields image) throws MalformedRecord {
        return new CustomerImage(
                image.uuid("id"),
                image.text("name", 200),
                image.text("email", 254),
                image.instant("createdAt"),
                image.instant("updatedAt"),
                image.version("version"));
    }

    @Override
    protected void lock(RoundTrip reads, Collection<UUID> ids, Map<UUID, CustomerImage> stored) {
        CustomerView.CUSTOMERS.lock(reads, ids, customer -> stored.put(customer.id(), customer.image()));
    }
}
