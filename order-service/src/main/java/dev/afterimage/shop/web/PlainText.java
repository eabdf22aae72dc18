package dev.afterimage.shop.web;

import static java.lang.annotation.ElementType.FIELD;
import static java.lang.annotation.ElementType.PARAMETER;
import static java.lang.annotation.RetentionPolicy.RUNTIME;

import jakarta.validation.Constraint;
import jakarta.validation.Payload;
import jakarta.validation.ReportAsSingleViolation;
import jakarta.validation.constraints.Pattern;
import java.lang.annotation.Retention;
import java.lang.annotation.Target;

/**
 * Text that is empty, or is one line with at least one visible character. Control characters, line separators and
 * unpaired surrogates are refused (PostgreSQL can store neither NUL nor an unpaired surrogate). So is text that has
 * only blanks and invisible characters, such as the zero-width space U+200B and the Hangul fillers.
 */
@Pattern(
        regexp =
                "(?=.*[\\p{L}\\p{N}\\p{P}\\p{S}&&[^\\u115f\\u1160\\u2800\\u3164\\uffa0]]|$)[^\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}]*+")
@ReportAsSingleViolation
@Constraint(validatedBy = {})
@Target({FIELD, PARAMETER})
@Retention(RUNTIME)
public @interface PlainText {

    String message() default "must be one line of plain text, and not blank";

    Class<?>[] groups() default {};

    Class<? extends Payload>[] payload() default {};
}
