package dev.afterimage.shop.customer;

import dev.afterimage.shop.http.PlainText;
import jakarta.validation.constraints.Email;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Size;

/** The body of {@code POST /customers}. */
public record RegisterCustomer(
        @NotBlank @Size(max = 200) @PlainText String name,
        @NotBlank @Size(max = 254) @Email @PlainText String email) {}
