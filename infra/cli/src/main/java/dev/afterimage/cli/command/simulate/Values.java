package dev.afterimage.cli.command.simulate;

import dev.afterimage.cli.command.simulate.SimulatedTable.Column;
import dev.afterimage.stack.StackException;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import net.datafaker.Faker;
import org.jspecify.annotations.Nullable;

/**
 * Plausible values for columns, by their names and types, as text that PostgreSQL casts. Datafaker creates a stock of
 * values once; drawing from the stock is cheap for any number of rows.
 */
final class Values {

    private static final int STOCK = 1_000;
    private static final Pattern LENGTH = Pattern.compile("^(?:character varying|character)\\((\\d+)\\)$");
    private static final Pattern PRECISION = Pattern.compile("^numeric\\((\\d+),(\\d+)\\)$");
    private static final long FIRST_DAY = Instant.parse("2025-01-01T00:00:00Z").getEpochSecond();

    private final Random random;
    private final long seed;
    /** The stocks of values by a part of the column's name; the first match counts. */
    private final Map<String, List<String>> stocks;

    Values(long seed) {
        this.seed = seed;
        this.random = new Random(seed);
        Faker faker = new Faker(Locale.ENGLISH, new Random(seed));
        stocks = new LinkedHashMap<>();
        stock(
                "email",
                () -> faker.name().firstName().toLowerCase(Locale.ROOT) + "."
                        + faker.name().lastName().toLowerCase(Locale.ROOT).replaceAll("[^a-z]", "") + "@example.com");
        stock("phone", () -> faker.phoneNumber().cellPhone());
        stock("status", () -> faker.options().option("PENDING", "PAID", "SHIPPED", "DELIVERED", "CANCELLED"));
        stock("currency", () -> faker.options().option("EUR", "USD", "GBP", "CHF"));
        stock("country", () -> faker.address().country());
        stock("city", () -> faker.address().city());
        stock(
                "address",
                () -> faker.address().streetAddress() + ", " + faker.address().city());
        stock("company", () -> faker.company().name());
        stock("product", () -> faker.commerce().productName());
        stock("category", () -> faker.commerce().department());
        stock("channel", () -> faker.options().option("web", "app", "store", "phone"));
        stock("code", () -> faker.commerce().promotionCode());
        stock("sku", () -> faker.code().ean13());
        stock("note", () -> faker.company().catchPhrase());
        stock("comment", () -> faker.company().catchPhrase());
        stock("first_name", () -> faker.name().firstName());
        stock("last_name", () -> faker.name().lastName());
        stock("name", () -> faker.name().fullName());
        stock("", () -> faker.commerce().material() + " " + faker.color().name());
    }

    private void stock(String part, Supplier<String> kind) {
        stocks.put(part, Stream.generate(kind).limit(STOCK).toList());
    }

    Random random() {
        return random;
    }

    /** The n-th key of a table; the same seed always gives the same key. */
    String key(SimulatedTable table, Column column, long number) {
        return switch (column.type()) {
            case "uuid" -> {
                long high = mixed(seed * 31 + table.name().hashCode());
                long low = mixed(high + number);
                // version 4 and its variant, as in PostgreSQL's random UUIDs
                yield new UUID((mixed(low) & ~0xf000L) | 0x4000L, (low & ~(3L << 62)) | (1L << 63)).toString();
            }
            case "bigint", "integer", "numeric" -> Long.toString(number);
            case "text" -> table.name() + "-" + number;
            default -> {
                if (LENGTH.matcher(column.type()).matches()) {
                    yield Long.toString(number);
                }
                throw new StackException("The key " + column.name() + " of " + table.name() + " is a " + column.type()
                        + ": the simulation makes keys of type uuid, bigint, integer or text.");
            }
        };
    }

    /** Mixes the bits as Java's SplittableRandom does, so that neighbouring numbers give unrelated values. */
    private static long mixed(long value) {
        long z = value + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    /** The function that draws the value of a column for the n-th row; a null value is SQL's null. */
    LongFunction<@Nullable String> drawn(Column column) {
        String type = column.type();
        boolean percentage = column.name().matches(".*(rate|percent|discount).*");
        Matcher precision = PRECISION.matcher(type);
        if (precision.matches()) {
            int scale = Integer.parseInt(precision.group(2));
            int digits = Math.min(Integer.parseInt(precision.group(1)), (percentage ? 2 : 5) + scale);
            long limit = (long) Math.pow(10, digits);
            return _ -> BigDecimal.valueOf(random.nextLong(limit), scale).toPlainString();
        }
        Matcher length = LENGTH.matcher(type);
        if (length.matches()) {
            return text(column, Integer.parseInt(length.group(1)));
        }
        return switch (type) {
            case "text", "character varying" -> text(column, Integer.MAX_VALUE);
            case "smallint", "integer", "bigint" ->
                column.unique() ? number -> Long.toString(1 + number) : _ -> Integer.toString(1 + random.nextInt(100));
            case "numeric" ->
                _ -> BigDecimal.valueOf(random.nextInt(percentage ? 10_000 : 1_000_000), 2)
                        .toPlainString();
            case "real", "double precision" -> _ -> Double.toString(random.nextInt(percentage ? 800 : 10_000) / 8.0);
            case "boolean" -> _ -> Boolean.toString(random.nextBoolean());
            case "date" ->
                column.name().matches(".*(birth|born).*")
                        ? _ -> LocalDate.of(1950, 1, 1)
                                .plusDays(random.nextInt(50 * 365))
                                .toString()
                        : _ -> moment().toString().substring(0, 10);
            case "timestamp without time zone", "timestamp with time zone" -> _ -> moment().toString();
            case "uuid" -> _ -> new UUID(random.nextLong(), random.nextLong()).toString();
            case "json", "jsonb" -> _ -> "{\"source\": \"simulation\", \"score\": " + random.nextInt(100) + "}";
            default -> {
                if (!column.nullable()) {
                    throw new StackException("The column " + column.name() + " is a " + type
                            + ", for which the simulation has no values: choose another table.");
                }
                yield _ -> null;
            }
        };
    }

    /** A time in 2025, independent of the clock, so that the same seed gives the same values. */
    private Instant moment() {
        return Instant.ofEpochSecond(FIRST_DAY + random.nextInt(365 * 86_400));
    }

    /** Values of at most {@code limit} characters; those that fit are preferred, else they are cut at a word. */
    private LongFunction<@Nullable String> text(Column column, int limit) {
        Map.Entry<String, List<String>> stock = stocks.entrySet().stream()
                .filter(entry -> column.name().contains(entry.getKey()))
                .findFirst()
                .orElseThrow();
        boolean email = stock.getKey().equals("email");
        boolean numbered = email || column.unique();
        int room = numbered ? Math.max(0, limit - 11) : limit; // a space and ten digits
        List<String> fitting = stock.getValue().stream()
                .filter(value -> value.length() <= room)
                .toList();
        List<String> values = !fitting.isEmpty()
                ? fitting
                : stock.getValue().stream().map(value -> cut(value, room)).toList();
        if (!numbered) {
            return _ -> drawn(values);
        }
        return number -> {
            String value = drawn(values);
            String whole =
                    email && value.contains("@") ? value.replace("@", number + "@") : (value + " " + number).strip();
            return whole.length() <= limit ? whole : whole.substring(whole.length() - limit);
        };
    }

    private static String cut(String text, int limit) {
        int word = Math.max(text.lastIndexOf(' ', limit), text.lastIndexOf('-', limit));
        return text.substring(0, word > 0 ? word : limit).replaceFirst("[ ,&-]+$", "");
    }

    private String drawn(List<String> values) {
        return values.get(random.nextInt(values.size()));
    }
}
