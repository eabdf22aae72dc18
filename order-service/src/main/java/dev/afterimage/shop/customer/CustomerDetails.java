package dev.afterimage.shop.customer;

import dev.afterimage.shop.web.PlainText;
import jakarta.validation.constraints.Email;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/** The details of a customer, the body of {@code POST /customers} and {@code PUT /customers/{id}}. */
@Schema(examples = """
        {"name": "Ada Lovelace", "email": "ada@example.com"}
        """)
public record CustomerDetails(
        @NotNull @Size(min = 1, max = 200) @PlainText String name,

        @NotBlank @Size(max = 254) @Email @PlainText @Schema(format = "email")
        String email) {}
