package dev.afterimage.shop.order;

import dev.afterimage.shop.web.ProblemType;
import dev.afterimage.shop.web.Refusal;
import java.util.Map;

/** The order's status does not allow a change to the requested status. */
public final class TransitionNotAllowed extends Refusal.Conflict {
    TransitionNotAllowed(OrderStatus from, OrderStatus to) {
        super(
                ProblemType.TRANSITION_NOT_ALLOWED,
                "An order that is %s cannot become %s.".formatted(from, to),
                Map.of("from", from, "to", to));
    }
}
