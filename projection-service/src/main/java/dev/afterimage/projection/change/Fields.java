package dev.afterimage.projection.change;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;

/** The fields of one JSON object and the object's path, so that a reason can name the field. */
public record Fields(String path, JsonNode node) {

    static final Pattern UUID_TEXT = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    private static final Pattern MONEY = Pattern.compile("[0-9]{1,17}\\.[0-9]{2}");
    private static final Pattern UTC =
            Pattern.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?Z");
    private static final Instant FIRST = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant LAST = Instant.parse("9999-12-31T23:59:59.999999Z");

    public String path(String name) {
        return path.equals("value") || path.equals("payload") ? name : path + "." + name;
    }

    private MalformedRecord wrong(String name, String expectation) {
        return new MalformedRecord(path(name) + (node.has(name) ? " is not " + expectation : " is missing"));
    }

    public Fields object(String name) throws MalformedRecord {
        JsonNode object = node.path(name);
        if (!object.isObject()) {
            throw wrong(name, "an object");
        }
        return new Fields(path(name), object);
    }

    public String text(String name) throws MalformedRecord {
        JsonNode text = node.path(name);
        if (!text.isTextual()) {
            throw wrong(name, "a string");
        }
        return text.textValue();
    }

    /** A text of 1 to {@code most} characters. The limit also bounds the size of index entries. */
    public String text(String name, int most) throws MalformedRecord {
        String text = text(name);
        if (text.isEmpty() || text.codePointCount(0, text.length()) > most) {
            throw wrong(name, "a string of 1 to %d characters".formatted(most));
        }
        return text;
    }

    public String matching(String name, Pattern pattern, String expectation) throws MalformedRecord {
        String text = text(name);
        if (!pattern.matcher(text).matches()) {
            throw wrong(name, expectation);
        }
        return text;
    }

    public UUID uuid(String name) throws MalformedRecord {
        return UUID.fromString(matching(name, UUID_TEXT, "a UUID"));
    }

    public BigDecimal money(String name) throws MalformedRecord {
        return new BigDecimal(matching(name, MONEY, "an amount like 59.80"));
    }

    /** One of an enum's names; {@code expectation} describes them in an error message. */
    public <E extends Enum<E>> E oneOf(Class<E> names, String name, String expectation) throws MalformedRecord {
        try {
            return Enum.valueOf(names, text(name));
        } catch (IllegalArgumentException e) {
            throw wrong(name, expectation);
        }
    }

    public Instant instant(String name) throws MalformedRecord {
        try {
            Instant instant = Instant.parse(matching(name, UTC, "a time in UTC"));
            if (instant.isBefore(FIRST)) {
                throw wrong(name, "a time in UTC");
            }
            return instant;
        } catch (DateTimeException e) {
            throw wrong(name, "a time in UTC");
        }
    }

    public long version(String name) throws MalformedRecord {
        return integer(name, 1, Long.MAX_VALUE, "a whole number from 1");
    }

    public int quantity(String name) throws MalformedRecord {
        return (int) integer(name, 1, Integer.MAX_VALUE, "a whole number from 1 to 2147483647");
    }

    public Instant epochMillis(String name) throws MalformedRecord {
        return Instant.ofEpochMilli(integer(name, 0, LAST.toEpochMilli(), "a time in epoch milliseconds"));
    }

    private long integer(String name, long least, long most, String expectation) throws MalformedRecord {
        JsonNode number = node.path(name);
        if (!number.isIntegralNumber() || !number.canConvertToLong()) {
            throw wrong(name, expectation);
        }
        long value = number.longValue();
        if (value < least || value > most) {
            throw wrong(name, expectation);
        }
        return value;
    }

    /** The objects of a list; the list must not be empty. */
    public List<Fields> list(String name) throws MalformedRecord {
        JsonNode list = node.path(name);
        if (!list.isArray() || list.isEmpty()) {
            throw new MalformedRecord(path(name) + " is not a list of at least one item");
        }
        List<Fields> objects = new ArrayList<>(list.size());
        for (JsonNode each : list) {
            var object = new Fields(path(name + "[" + objects.size() + "]"), each);
            if (!each.isObject()) {
                throw new MalformedRecord(object.path() + " is not an object");
            }
            objects.add(object);
        }
        return objects;
    }
}
