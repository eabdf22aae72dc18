package dev.afterimage.deploy;

import static dev.afterimage.deploy.Repository.file;
import static dev.afterimage.deploy.Repository.text;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The web code of both services is the same to the letter, except for the package and the prefix of settings. */
class AlikeTest {
    private static final Path ORDERS = file("order-service/src/main/java/dev/afterimage/shop");
    private static final Path PROJECTION = file("projection-service/src/main/java/dev/afterimage/projection");
    /** What each service has of its own. */
    private static final List<String> OWN = List.of("web/Paging.java", "web/ProblemType.java");

    static Stream<String> pairs() throws IOException {
        try (Stream<Path> files = Files.list(ORDERS.resolve("web"))) {
            return Stream.concat(
                            Stream.of("Refusal.java", "package-info.java"),
                            files.map(file -> ORDERS.relativize(file).toString()).toList().stream())
                    .filter(file -> Files.exists(PROJECTION.resolve(file)))
                    .filter(file -> !OWN.contains(file));
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void isTheSameInBothServices(String file) {
        assertThat(source(PROJECTION, file)).isEqualTo(source(ORDERS, file));
    }

    @Test
    void comparesMoreThanTenFiles() throws IOException {
        assertThat(pairs()).hasSizeGreaterThan(10).contains("web/Problems.java", "web/ApiDocument.java");
    }

    @Test
    void describesAProblemOfBothServicesInTheSameWay() {
        var orders = problems(ORDERS);
        var projection = problems(PROJECTION);

        var common = orders.keySet().stream().filter(projection::containsKey).toList();
        assertThat(common).hasSizeGreaterThan(10);
        assertThat(common).allSatisfy(type -> assertThat(projection.get(type)).isEqualTo(orders.get(type)));
        assertThat(code(PROJECTION)).isEqualTo(code(ORDERS));
    }

    /** The constants of the enum, by name. */
    private static Map<String, String> problems(Path service) {
        var constants =
                source(service, "web/ProblemType.java").split("\\{\n", 2)[1].split(";\n", 2)[0];
        return Pattern.compile(",\n(?=    [A-Z])")
                .splitAsStream(constants)
                .map(String::strip)
                .collect(toMap(constant -> constant.replaceFirst("(?s)\\(.*", ""), constant -> constant));
    }

    /** The enum without its constants. */
    private static String code(Path service) {
        return source(service, "web/ProblemType.java").replaceFirst("(?s)\\{\n.*?;\n", "{\n");
    }

    private static String source(Path service, String file) {
        return text(service.resolve(file))
                .replaceAll("dev\\.afterimage\\.(shop|projection)", "dev.afterimage.service")
                .replaceAll("\"(orders|projection)\\.security", "\"service.security");
    }
}
