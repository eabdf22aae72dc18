package dev.afterimage.shop.order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.afterimage.shop.Reason;
import dev.afterimage.shop.Refusal;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OrderTest {

    private static final Instant PLACED = Instant.parse("2026-11-21T09:00:00.123456Z");
    private static final Instant LATER = PLACED.plusSeconds(5);

    @Test
    void startsPendingAtVersionOneWithTheTotalOfItsLines() {
        var order = order(item(2, "29.90"), item(1, "0.20"));

        var image = order.image();

        assertThat(image.status()).isEqualTo(OrderStatus.PENDING);
        assertThat(image.version()).isEqualTo(1);
        assertThat(image.total()).isEqualTo("60.00");
        assertThat(image.items()).extracting(OrderItem::lineTotal).containsExactly(money("59.80"), money("0.20"));
        assertThat(image.updatedAt()).isEqualTo(image.createdAt()).isEqualTo(PLACED);
    }

    @Test
    void countsTheVersionUpWithEachTransition() {
        var order = order(item(2, "29.90"));

        order.become(OrderStatus.PAID, LATER);

        var image = order.image();
        assertThat(image.status()).isEqualTo(OrderStatus.PAID);
        assertThat(image.version()).isEqualTo(2);
        assertThat(image.createdAt()).isEqualTo(PLACED);
        assertThat(image.updatedAt()).isEqualTo(LATER);
    }

    @Test
    void staysAsItIsWhenItGetsTheStatusItHas() {
        var order = order(item(2, "29.90"));
        var before = order.image();

        order.become(OrderStatus.PENDING, LATER);

        assertThat(order.image()).isEqualTo(before);
    }

    @ParameterizedTest
    @CsvSource({
        "PENDING,   PAID CANCELLED",
        "PAID,      SHIPPED CANCELLED",
        "SHIPPED,   DELIVERED",
        "DELIVERED, ''",
        "CANCELLED, ''"
    })
    void leadsFromEachStatusToTheseOnly(OrderStatus from, String allowed) {
        var reachable = List.of(OrderStatus.values()).stream()
                .filter(from::mayBecome)
                .map(OrderStatus::name)
                .toList();

        assertThat(String.join(" ", reachable)).isEqualTo(allowed);
    }

    @Test
    void refusesATransitionThatIsNotAllowedAndStaysAsItWas() {
        var order = order(item(2, "29.90"));
        var before = order.image();

        assertThat(refusal(() -> order.become(OrderStatus.DELIVERED, LATER)))
                .extracting(Refusal::reason, Refusal::members)
                .containsExactly(
                        Reason.TRANSITION_NOT_ALLOWED,
                        Map.of("from", OrderStatus.PENDING, "to", OrderStatus.DELIVERED));

        assertThat(order.image()).isEqualTo(before);
    }

    @Test
    void refusesATotalThatNoOrderCanHold() {
        var dearest = item(10_000, "9999999999.99");

        assertThat(refusal(() -> order(dearest)).reason()).isEqualTo(Reason.INVALID_REQUEST);
    }

    private static Refusal refusal(ThrowableAssert.ThrowingCallable change) {
        return catchThrowableOfType(Refusal.class, change);
    }

    private static Order order(OrderItem... items) {
        return Order.place(UUID.randomUUID(), UUID.randomUUID(), "EUR", List.of(items), PLACED);
    }

    private static OrderItem item(int quantity, String unitPrice) {
        return OrderItem.of(UUID.randomUUID(), quantity, money(unitPrice));
    }

    private static BigDecimal money(String amount) {
        return new BigDecimal(amount);
    }
}
