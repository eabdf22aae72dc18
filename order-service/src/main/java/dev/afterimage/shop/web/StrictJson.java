package dev.afterimage.shop.web;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.deser.BeanDeserializerModifier;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.type.LogicalType;
import io.quarkus.jackson.ObjectMapperCustomizer;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * Makes JSON parsing strict: 2.7 is not a quantity, "2" is not a number, " 2.00" is not a price, 7 is not a name, a
 * field must not be repeated, and no content may follow the document.
 */
@Singleton
class StrictJson implements ObjectMapperCustomizer {
    @Override
    public void customize(ObjectMapper json) {
        json.enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
        json.enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
        json.disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT);
        json.coercionConfigFor(LogicalType.Integer)
                .setCoercion(CoercionInputShape.String, CoercionAction.Fail)
                .setCoercion(CoercionInputShape.EmptyString, CoercionAction.Fail)
                .setCoercion(CoercionInputShape.Float, CoercionAction.Fail);
        json.coercionConfigFor(LogicalType.Textual)
                .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail);
        json.registerModule(new SimpleModule("strict")
                .addDeserializer(BigDecimal.class, new Decimal())
                .addDeserializer(UUID.class, new Text<>(UUID.class, Query::uuid))
                .setDeserializerModifier(new BeanDeserializerModifier() {
                    @Override
                    public JsonDeserializer<?> modifyEnumDeserializer(
                            DeserializationConfig config,
                            JavaType type,
                            BeanDescription description,
                            JsonDeserializer<?> lenient) {
                        return new Text<>(type.getRawClass(), name -> constant(type.getRawClass(), name));
                    }
                }));
    }

    private static Object constant(Class<?> type, String name) {
        return Arrays.stream(type.getEnumConstants())
                .filter(constant -> ((Enum<?>) constant).name().equals(name))
                .findFirst()
                .orElseThrow(IllegalArgumentException::new);
    }

    /**
     * A value that is a string in exactly one form. Jackson's own readers also accept surrounding blanks and other
     * forms.
     */
    private static final class Text<T> extends JsonDeserializer<T> {
        private final Class<?> type;
        private final Function<String, ? extends T> reader;

        /** @param reader throws {@link IllegalArgumentException} when the text has another form */
        Text(Class<?> type, Function<String, ? extends T> reader) {
            this.type = type;
            this.reader = reader;
        }

        @Override
        @SuppressWarnings("unchecked") // the declared return type of the context's handlers; here they always throw
        public T deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            if (!parser.hasToken(JsonToken.VALUE_STRING)) {
                return (T) context.handleUnexpectedToken(type, parser);
            }
            try {
                return reader.apply(parser.getText());
            } catch (IllegalArgumentException e) {
                return (T) context.handleWeirdStringValue(type, parser.getText(), "another form is needed");
            }
        }
    }

    /**
     * A number, or a string of digits with at most one decimal point. A number may have an exponent, because some
     * clients write one. An exponent of billions is refused: calculations with such a number overflow.
     */
    private static final class Decimal extends JsonDeserializer<BigDecimal> {
        private static final Pattern TEXT = Pattern.compile("-?[0-9]{1,100}(\\.[0-9]{1,100})?");
        private static final int MAX_SCALE = 1000;

        @Override
        public BigDecimal deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            var isNumber = parser.currentToken().isNumeric();
            if (!isNumber && !parser.hasToken(JsonToken.VALUE_STRING)) {
                return (BigDecimal) context.handleUnexpectedToken(BigDecimal.class, parser);
            }
            var text = parser.getText();
            try {
                if (isNumber || TEXT.matcher(text).matches()) {
                    var decimal = new BigDecimal(text);
                    if (Math.abs((long) decimal.scale()) <= MAX_SCALE) {
                        return decimal;
                    }
                }
            } catch (NumberFormatException e) {
                // an exponent that BigDecimal cannot hold: refused below, like any exponent that is too large
            }
            return (BigDecimal)
                    context.handleWeirdStringValue(BigDecimal.class, text, "not a decimal that can be held");
        }
    }
}
