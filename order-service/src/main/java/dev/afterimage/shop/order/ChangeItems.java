package dev.afterimage.shop.order;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.util.List;

/** The body of {@code PUT /orders/{id}/items}: the lines that the order shall have instead of those it has. */
public record ChangeItems(
        @NotNull @Size(min = 1, max = Wanted.MAX_ITEMS) List<@NotNull @Valid Wanted> items) {}
