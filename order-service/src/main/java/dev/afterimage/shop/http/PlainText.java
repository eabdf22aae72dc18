package dev.afterimage.shop.http;

import static java.lang.annotation.ElementType.FIELD;
import static java.lang.annotation.ElementType.PARAMETER;
import static java.lang.annotation.RetentionPolicy.RUNTIME;

import jakarta.validation.Constraint;
import jakarta.validation.Payload;
import jakarta.validation.ReportAsSingleViolation;
import jakarta.validation.constraints.Pattern;
import java.lang.annotation.Retention;
import java.lang.annotation.Target;

/** Text on one line, without control characters and broken surrogates: PostgreSQL stores neither NUL nor half a character. */
@Pattern(regexp = "^[^\\p{Cc}\\p{Cs}]*$") @ReportAsSingleViolation
@Constraint(validatedBy = {})
@Target({FIELD, PARAMETER})
@Retention(RUNTIME)
public @interface PlainText {
    String message() default "must be one line of plain text";

    Class<?>[] groups() default {};

    Class<? extends Payload>[] payload() default {};
}
