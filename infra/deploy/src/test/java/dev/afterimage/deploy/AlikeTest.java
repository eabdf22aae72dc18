package dev.afterimage.deploy;

import static dev.afterimage.deploy.Repository.file;
import static dev.afterimage.deploy.Repository.text;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.NewClassTree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
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
    void describesAProblemOfBothServicesInTheSameWay() throws IOException {
        var orders = problems(ORDERS);
        var projection = problems(PROJECTION);

        orders.keySet().retainAll(projection.keySet());
        assertThat(orders).hasSizeGreaterThan(10).containsKey("").satisfies(common -> assertThat(projection)
                .containsAllEntriesOf(common));
    }

    /** The source of each constant of the enum by its name, and by an empty name the source around them. */
    private static Map<String, String> problems(Path service) throws IOException {
        var source = source(service, "web/ProblemType.java");
        var file = SimpleJavaFileObject.forSource(URI.create("string:///ProblemType.java"), source);
        var compiler = ToolProvider.getSystemJavaCompiler();
        var task = (JavacTask) compiler.getTask(null, null, null, null, null, List.of(file));
        var unit = task.parse().iterator().next();
        var positions = Trees.instance(task).getSourcePositions();

        var problems = new HashMap<String, String>();
        var around = source;
        for (var member : ((ClassTree) unit.getTypeDecls().getFirst()).getMembers()) {
            if (member instanceof VariableTree constant && constant.getInitializer() instanceof NewClassTree) {
                var text = source.substring((int) positions.getStartPosition(unit, constant), (int)
                        positions.getEndPosition(unit, constant));
                problems.put(constant.getName().toString(), text);
                around = around.replace(text, "");
            }
        }
        problems.put("", around.replace("    ,\n", ""));
        return problems;
    }

    private static String source(Path service, String file) {
        return text(service.resolve(file))
                .replaceAll("dev\\.afterimage\\.(shop|projection)", "dev.afterimage.service")
                .replaceAll("\"(orders|projection)\\.(security|max-body-size)", "\"service.$2");
    }
}
