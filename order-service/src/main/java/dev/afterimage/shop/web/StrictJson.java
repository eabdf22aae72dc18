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
import java.util.UUID;

/**
 * Makes JSON parsing strict: "true" is not true, 2.7 is not a quantity, "2" is not a number, " 2.00" is not a price, 7 is not a name, a
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
        json.coercionConfigFor(LogicalType.Boolean)
                .setCoercion(CoercionInputShape.String, CoercionAction.Fail)
                .setCoercion(CoercionInputShape.EmptyString, CoercionAction.Fail)
                .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail);
        json.coercionConfigFor(LogicalType.Textual)
                .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail);
        json.registerModule(new SimpleModule("strict")
                .addDeserializer(BigDecimal.class, new Strict<>(BigDecimal.class))
                .addDeserializer(UUID.class, new Strict<>(UUID.class))
                .setDeserializerModifier(new BeanDeserializerModifier() {
                    @Override
                    public JsonDeserializer<?> modifyEnumDeserializer(
                            DeserializationConfig config,
                            JavaType type,
                            BeanDescription description,
                            JsonDeserializer<?> lenient) {
                        return description.findJsonValueAccessor() == null
                                ? new Strict<>(type.getRawClass())
                                : lenient; // its values are not its names
                    }
                }));
    }

    /**
     * A value that is a string in exactly one form, as in a parameter. Jackson's own readers also accept surrounding
     * blanks and other forms. A decimal may also be a number, even with an exponent, because some clients write one. An
     * exponent of billions is refused: calculations with such a number overflow.
     */
    private static final class Strict<T> extends JsonDeserializer<T> {

        private static final int MAX_SCALE = 1000;

        private final Class<?> type;

        Strict(Class<?> type) {
            this.type = type;
        }

        @Override
        @SuppressWarnings("unchecked") // T is the type; the context's handlers always throw
        public T deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            var isNumber = type == BigDecimal.class && parser.currentToken().isNumeric();
            if (!isNumber && !parser.hasToken(JsonToken.VALUE_STRING)) {
                return (T) context.handleUnexpectedToken(type, parser);
            }
            try {
                return (T) (isNumber ? decimal(parser.getText()) : Parameters.read(type, parser.getText()));
            } catch (IllegalArgumentException e) {
                return (T) context.handleWeirdStringValue(type, parser.getText(), "another form is needed");
            }
        }

        private static BigDecimal decimal(String text) {
            var decimal = new BigDecimal(text);
            if (Math.abs((long) decimal.scale()) > MAX_SCALE) {
                throw new IllegalArgumentException("cannot be held");
            }
            return decimal;
        }
    }
}
