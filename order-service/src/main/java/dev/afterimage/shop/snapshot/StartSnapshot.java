package dev.afterimage.shop.snapshot;

import jakarta.validation.constraints.NotNull;

/**
 * The body of {@code POST /snapshots}.
 *
 * @param aggregate whose state to re-publish: customer, order or product
 */
public record StartSnapshot(@NotNull String aggregate) {}
