package dev.afterimage.cli;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.afterimage.cli.service.AppliedEvents;
import dev.afterimage.cli.service.LocalPipeline;
import dev.afterimage.cli.service.Ports;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.ConnectorStatus;
import dev.afterimage.stack.StackConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

class AfterimageTest {

    private final StringWriter errors = new StringWriter();
    private final StringWriter output = new StringWriter();
    /** The tokens of the requests, or {@code none}. */
    private final List<String> authorizations = new CopyOnWriteArrayList<>();

    private @Nullable HttpServer service;

    @Test
    void anUnknownArgumentIsNamedWithStatus2() {
        assertThat(run("watch", "order.events", "--sideways")).isEqualTo(2);
        assertThat(errors.toString()).contains("--sideways");
    }

    @Test
    void aTimeIsANumberOfSecondsOrHasItsUnit() {
        Map<String, String> options = Map.of(
                "--interval",
                "status",
                "--max-behind",
                "status",
                "--warm-up",
                "measure",
                "--idle",
                "measure",
                "--floor",
                "measure");
        options.forEach((option, command) -> {
            for (String value : List.of("5x", "s", "99999999999999999999")) {
                assertThat(run(command, option, value)).isEqualTo(2);
                assertThat(errors.toString())
                        .contains(option + "': '" + value + "' is not a time such as 60s or 5m")
                        .doesNotContain("Exception");
                errors.getBuffer().setLength(0);
            }
        });
        assertThat(run("status", "--max-behind", "-5s")).isEqualTo(2);
        for (String value : List.of("0.5s", "0", "0m")) {
            assertThat(run("status", "--interval", value)).isEqualTo(2);
            assertThat(errors.toString()).contains("--interval is at least 1s");
            errors.getBuffer().setLength(0);
        }
    }

    @Test
    void simulateRefusesOptionsThatExcludeEachOther() {
        assertThat(run("simulate", "--shop", "--table", "users")).isEqualTo(2);
        assertThat(errors.toString()).contains("--shop has its own tables: leave out --table");
    }

    @Test
    void wrongArgumentsAreOneSentenceAndAHint() {
        assertThat(run("watch")).isEqualTo(2);
        assertThat(errors.toString().lines()).hasSize(2);
        assertThat(run("watch", "order.events", "--from-time", "yesterday")).isEqualTo(2);
        assertThat(errors.toString()).contains("'yesterday' is not a time such as");
        assertThat(run("watch", "order.events", "--from-time", "+999999999-01-01T00:00:00Z"))
                .isEqualTo(2);
        assertThat(errors.toString()).contains("'+999999999-01-01T00:00:00Z' is not a time such as");
        assertThat(run("watch", "order.events", "--op", "c,x")).isEqualTo(2);
        assertThat(errors.toString()).contains("'x' is not an operation");
        assertThat(run("status", "--max-wal", "much")).isEqualTo(2);
        assertThat(errors.toString()).contains("'much' is not a size such as");
        assertThat(run("produce", "bulk", "3", "--update", "200%")).isEqualTo(2);
        assertThat(errors.toString())
                .contains("'200%' is not a percentage", "Try: infra/afterimage produce bulk --help");
        assertThat(run("simulate", "--weights", "1:2")).isEqualTo(2);
        assertThat(errors.toString()).contains("'1:2' are not weights such as");
    }

    @Test
    void boldEndsByACodeThatNoTerminalReadsAsUnderline() {
        CommandLine program =
                Afterimage.commandLine().setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.ON));
        assertThat(Screen.of(program.getCommandSpec()).paint(CommandLine.Help.Ansi.Style.bold, "x"))
                .isEqualTo("\u001b[1mx\u001b[22m");
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 1"})
    void aReplayOfAllLettersEndsWithStatus1WhenOneIsRefused(int refused, int status) throws IOException {
        String port = serve(200, "{\"replayed\":3,\"applied\":2,\"ignored\":0,\"refused\":%d}".formatted(refused));
        assertThat(run("dead-letters", "replay", "--all", "--projection-port", port))
                .isEqualTo(status);
        assertThat(output.toString()).contains("refused: " + refused);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "audit --projection-port",
                "dead-letters --projection-port",
                "dead-letters list --projection-port",
                "dead-letters show 1 --projection-port",
                "dead-letters replay 1 --projection-port",
                "dead-letters discard 1 --projection-port",
                "rebuild --projection-port",
                "snapshot order --order-port",
                "produce order --quiet --order-port",
                "simulate orders --order-port",
                "measure --order-port"
            })
    void everyCallOfAServiceHasTheToken(String command) throws IOException {
        runWithToken(command + " " + serve(200, "[]"));
        assertThat(authorizations).isNotEmpty().containsOnly("Bearer e.y.J");
    }

    @Test
    void kafkaConnectDoesNotGetTheToken() throws IOException {
        assertThat(runWithToken("connectors --connect-port " + serve(200, "{}")))
                .isZero();
        assertThat(authorizations).containsOnly("none");
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403})
    void aRefusedTokenIsOneLineWithTheOptionAndTheRole(int status) throws IOException {
        String port = serve(status, "{\"title\":\"Not allowed\",\"detail\":\"It needs orders:admin.\"}");
        for (String command : List.of("list", "replay 1", "discard 1")) {
            errors.getBuffer().setLength(0);
            assertThat(runWithToken("dead-letters %s --projection-port %s".formatted(command, port)))
                    .isEqualTo(1);
            assertThat(errors.toString().lines())
                    .singleElement()
                    .asString()
                    .contains("--token or AFTERIMAGE_TOKEN", "Not allowed. It needs orders:admin.")
                    .doesNotContain("e.y.J");
        }
    }

    @Test
    void anAuditIsJsonToo() throws IOException {
        String audit = "{\"status\":\"DONE\",\"report\":{\"verdict\":\"DIFFERENT\"}}";
        assertThat(run("audit", "--json", "--projection-port", serve(202, audit)))
                .isEqualTo(1);
        assertThat(output.toString().strip()).isEqualTo(audit);
    }

    @Test
    void allLettersOfATopicAreDiscardedPageByPage() throws IOException {
        String port = serve(204, "");
        Deque<String> pages = new ArrayDeque<>(List.of("[{\"id\":9},{\"id\":8}]", "[{\"id\":7}]", "[]"));
        List<String> asked = new CopyOnWriteArrayList<>();
        Objects.requireNonNull(service).createContext("/dead-letters", exchange -> {
            boolean list = exchange.getRequestMethod().equals("GET");
            asked.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
            byte[] answer = (list ? pages.remove() : "").getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(list ? 200 : 204, list ? answer.length : -1);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        assertThat(run("dead-letters", "discard", "--projection-port", port)).isEqualTo(2);
        assertThat(asked).isEmpty();
        assertThat(run("dead-letters", "discard", "--topic", "order.events", "--projection-port", port))
                .isZero();
        assertThat(output.toString().strip()).isEqualTo("3 dead letters are discarded.");
        String page = "GET /dead-letters?limit=200&topic=order.events";
        assertThat(asked)
                .as("only older ones are asked for, so that it ends while new ones come in")
                .containsExactly(
                        page,
                        "DELETE /dead-letters/9",
                        "DELETE /dead-letters/8",
                        page + "&after=8",
                        "DELETE /dead-letters/7",
                        page + "&after=7");
    }

    @Test
    void aTextThatIsNoTokenIsNotPrinted() {
        assertThat(run("audit", "--token", "e.y.J\nx")).isEqualTo(2);
        assertThat(errors.toString()).contains("--token").doesNotContain("e.y.J");
    }

    @Test
    void theHelpOfEveryCommandNamesItsValues() {
        Deque<CommandLine> commands = new ArrayDeque<>(List.of(Afterimage.commandLine()));
        while (!commands.isEmpty()) {
            CommandLine command = commands.pop();
            commands.addAll(command.getSubcommands().values());
            // picocli's own label of a value is the field's name in angle brackets
            assertThat(command.getUsageMessage()).doesNotContain("=<");
        }
    }

    @Test
    void theOptionsOfAllCommandsFollowTheOptionsOfTheCommand() {
        for (String[] command : List.of(new String[] {"sql", "--help"}, new String[] {"produce", "show", "--help"})) {
            output.getBuffer().setLength(0);
            assertThat(run(command)).isZero();
            String[] sections = output.toString().split("Options of all commands:", 2);
            assertThat(sections[0]).contains("  --json ").doesNotContain("  --kafka-port=PORT ", "Show this help");
            assertThat(sections[1])
                    .contains("  --kafka-port=PORT ", "Show this help")
                    .doesNotContain("  --json ");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dead-letters --projection-port",
                "dead-letters show 1 --projection-port",
                "dead-letters replay 1 --projection-port",
                "dead-letters replay --all --projection-port",
                "produce show customer --order-port",
                "snapshot order --order-port",
                "connectors status trial --connect-port",
                "connectors offsets trial --connect-port"
            })
    void noTextFromTheDataControlsTheTerminal(String command) throws IOException {
        String hostile = "\\u001b]52;c;ZWNobw==\\u0007 \\u009b2J \\u007f \\u202e";
        String answer = """
                {"name": "H", "key": "H", "reason": "H", "effect": "H", "detail": "H", "partition": {"H": "H"},
                 "connector": {"state": "FAILED", "trace": "first\\n\\tat H"}, "type": "source", "tasks": [],
                 "offsets": [{"partition": {"H": "H"}, "offset": {}}]}""".replace("H", hostile);
        boolean list = command.startsWith("dead-letters --") || command.startsWith("produce");
        String port = serve(200, list ? "[" + answer + "]" : answer);
        run((command + " " + port).split(" "));
        assertThat(output + errors.toString())
                .contains("\\u001B]52;c;", "\\u0007", "\\u009B2J", "\\u007F", "\\u202E")
                .doesNotContainPattern("[\\p{Cc}\u202e&&[^\n\t]]");
    }

    @Test
    void jsonKeepsTheControlCharactersOfTheDataAsEscapes() throws IOException {
        String port = serve(200, "{\"key\": \"\\u001b[2J \\u009b2J \\u202e\"}");
        assertThat(run("dead-letters", "show", "1", "--json", "--projection-port", port))
                .isZero();
        assertThat(output.toString()).contains("\\u009B2J \\u202E");
        assertThat(new ObjectMapper().readTree(output.toString()).path("key").asText())
                .isEqualTo("\u001b[2J \u009b2J \u202e");
    }

    private int runWithToken(String command) {
        return run((command + " --token e.y.J").split(" "));
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    @Timeout(60)
    void bulkEndsWhenTheReaderOfItsOutputHasGoneAlthoughItPrintsNothing() throws Exception {
        AtomicInteger placed = new AtomicInteger();
        Process shell = new ProcessBuilder(
                        "sh",
                        "-c",
                        "{ %s produce bulk 1000000 --order-port %s --kafka-port 1 2>&-; echo code $? >&2; } | true"
                                .formatted(program(), serveOrders(placed)))
                .start();
        assertThat(shell.getErrorStream()).asString(StandardCharsets.UTF_8).isEqualTo("code 141\n");
        assertThat(placed.get()).isLessThan(1_000_000);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    @Timeout(60)
    void anInterruptedBulkSaysWhatItHasDone() throws Exception {
        AtomicInteger placed = new AtomicInteger();
        Process bulk = new ProcessBuilder(
                        "sh",
                        "-c",
                        "exec %s produce bulk 1000000 --update 50%% --order-port %s --kafka-port 1"
                                .formatted(program(), serveOrders(placed)))
                .start();
        while (placed.get() < 50) {
            Thread.sleep(10);
        }
        bulk.toHandle().destroy();
        assertThat(bulk.getInputStream())
                .asString(StandardCharsets.UTF_8)
                .matches(
                        "Interrupted: %,d of 1,000,000 orders placed, [0-9,]+ updated, 0 deleted in .*\\R0 of .*\\R.*\\R"
                                .formatted(placed.get()));
        assertThat(bulk.waitFor()).isEqualTo(130);
    }

    @Test
    void bulkPrintsOnlyIdsWhenQuiet() throws Exception {
        String port = serveOrders(new AtomicInteger());
        assertThat(run("produce", "bulk", "3", "--delete", "100%", "--quiet", "--order-port", port))
                .isZero();
        assertThat(output.toString().lines()).containsExactlyInAnyOrder("order-1", "order-2", "order-3");
        assertThat(errors).hasToString("");
    }

    /** An order-service that counts the placed orders; returns its port. */
    private String serveOrders(AtomicInteger placed) throws IOException {
        String port = serve(200, "[{\"id\":\"one\"}]");
        Objects.requireNonNull(service).createContext("/orders", exchange -> {
            String method = exchange.getRequestMethod();
            boolean list = exchange.getRequestURI().getPath().equals("/orders");
            String body =
                    switch (method) {
                        case "POST" -> "{\"id\":\"order-%d\"}".formatted(placed.incrementAndGet());
                        case "GET" -> list ? "[{\"id\":\"one\"}]" : "{\"detail\":\"There is no order nope.\"}";
                        default -> "{}";
                    };
            exchange.getRequestBody().readAllBytes();
            int status = method.equals("POST")
                    ? 201
                    : method.equals("DELETE") ? 204 : method.equals("GET") && !list ? 404 : 200;
            exchange.sendResponseHeaders(status, status == 204 ? -1 : body.length());
            exchange.getResponseBody().write(status == 204 ? new byte[0] : body.getBytes(StandardCharsets.UTF_8));
            exchange.close();
        });
        return port;
    }

    /** A service with the same answer to all requests; returns its port. */
    private String serve(int status, String json) throws IOException {
        HttpServer started = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        service = started;
        started.createContext("/", exchange -> {
            authorizations.add(
                    Objects.requireNonNullElse(exchange.getRequestHeaders().getFirst("Authorization"), "none"));
            byte[] answer = json.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        started.start();
        return Integer.toString(started.getAddress().getPort());
    }

    @AfterEach
    void stopService() {
        if (service != null) {
            service.stop(0);
        }
    }

    @Test
    void whereNothingRunsTheStatusIsCriticalAndNamesEachPart() {
        assertThat(statusWithProjectionAt(StackConfig.freePorts(1).getFirst().toString()))
                .isEqualTo(2);
        assertThat(output.toString())
                .contains("Kafka Connect does not answer", "PostgreSQL does not answer", "Kafka does not answer")
                .contains("projection-service does not answer", "order-service does not answer")
                .contains("does the pipeline run? Start it with infra/afterimage up")
                .doesNotContain("group", "oldest waits");
    }

    @Test
    void aServiceThatAnswersWithAnErrorIsNotSaidToBeSilent() throws IOException {
        String port = serve(503, """
                {"title": "The database does not answer"}""");
        assertThat(statusWithProjectionAt(port)).isEqualTo(2);
        assertThat(output.toString())
                .contains("CRIT  projection-service shows no figures. "
                        + "The service answers 503: The database does not answer");
    }

    @Test
    void aGapIsCriticalAndItsLineSaysWhatToDo() throws IOException {
        String port = serve(200, """
                [{"id": 7, "topic": "order.events", "partition": 2, "fromOffset": 3, "toOffset": 9, "cause": "retention"}]""");
        assertThat(statusWithProjectionAt(port)).isEqualTo(2);
        assertThat(output.toString())
                .contains("CRIT  records are missing: order.events/2 offsets 3 to 9 (retention): "
                        + "publish a snapshot, then DELETE /gaps/7");
    }

    @Test
    @Timeout(60)
    void aDatabaseThatHangsDoesNotStopTheStatus() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            int nobody = StackConfig.freePorts(1).getFirst();
            assertThat(status(silent.getLocalPort(), Integer.toString(nobody))).isEqualTo(2);
        }
        assertThat(output.toString()).contains("CRIT  PostgreSQL does not answer");
    }

    /** The status where at most projection-service runs. */
    private int statusWithProjectionAt(String port) {
        return status(StackConfig.freePorts(1).getFirst(), port);
    }

    private int status(int postgresPort, String projectionPort) {
        List<Integer> nobody = StackConfig.freePorts(3);
        return run(
                "status",
                "--home",
                "target/nowhere",
                "--postgres-port",
                Integer.toString(postgresPort),
                "--kafka-port",
                nobody.get(0).toString(),
                "--connect-port",
                nobody.get(1).toString(),
                "--order-port",
                nobody.get(2).toString(),
                "--projection-port",
                projectionPort);
    }

    @Test
    void theShellCanCompleteEveryCommand() {
        assertThat(run("generate-completion")).isZero();
        assertThat(output.toString()).contains("dead-letters", "--from-beginning", "simulate");
    }

    @ParameterizedTest
    @EnabledOnOs(OS.LINUX)
    @CsvSource({
        "generate-completion, | true, code 141",
        "--help, > /dev/full, The output cannot be written: No space left on device; code 74",
        "--help, >&-, The output cannot be written: Bad file descriptor; code 74"
    })
    void anOutputThatCannotBeWrittenIsNoSuccess(String command, String output, String told) throws Exception {
        Process shell = new ProcessBuilder(
                        "sh", "-c", "{ (%s %s); echo code $? >&2; } %s".formatted(program(), command, output))
                .start();
        assertThat(new String(shell.getErrorStream().readAllBytes(), StandardCharsets.UTF_8).lines())
                .containsExactly(told.split("; "));
    }

    @ParameterizedTest
    @CsvSource({"SKIP_SETUP, maybe", "ENABLE_EVOLUTION, perhaps", "PGPORT, here"})
    void aSettingOfTheEnvironmentWithoutSenseIsRefusedByName(String name, String value) throws Exception {
        Process shell = new ProcessBuilder(
                        "sh", "-c", name + "=" + value + " " + program() + " simulate; echo code $? >&2")
                .start();
        assertThat(new String(shell.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
                .contains(name, "'" + value + "'")
                .endsWith("Try: infra/afterimage simulate --help\ncode 2\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"dumb", "nonsense", ""})
    void aTerminalOfAnUnknownKindAndTwoLinesIsUsedWithoutAStackTrace(String kind) throws Exception {
        assumeThat(Path.of("/usr/bin/script")).as("it makes a terminal").isExecutable();
        ProcessBuilder terminal = new ProcessBuilder(
                        "script", "-qec", "stty cols 5 rows 2; " + program() + " produce; echo code $?", "/dev/null")
                .redirectErrorStream(true);
        terminal.environment().put("TERM", kind);
        Process produce = terminal.start();
        produce.outputWriter().append("9\n9\n0\n").flush();
        String shown = new String(produce.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(shown)
                .containsOnlyOnce("place an order") // the choices come again only when asked for
                .contains("code 0")
                .doesNotContain("Exception", "\tat ");
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // reading is not interruptible
    void ctrlCAtAQuestionReturnsToTheMenuAndThereItEndsTheCommand() throws Exception {
        Process produce = atATerminal("produce --order-port " + serveOrders(new AtomicInteger()));
        String menu = "Enter lists the choices: ";
        try {
            answer(produce, menu, "7\n");
            answer(produce, "How many [100]: ", "\n");
            answer(produce, "Of them updated [30%]: ", "\n");
            answer(produce, "Of them deleted [20%]: ", "\u0003");
            answer(produce, "Nothing was done.", "");
            answer(produce, menu, "6\n");
            answer(produce, "Customer, product or order [order]: ", "\n");
            answer(produce, "Id of the order (Tab lists) [one]: ", "nope\n");
            assertThat(answer(produce, menu, "\u0003"))
                    .contains("There is no order nope.")
                    .doesNotContain("Delete");
            assertThat(produce.waitFor()).isEqualTo(130);
        } finally {
            produce.destroy();
        }
    }

    @Test
    @Timeout(60)
    void aStatusWrapsItsReasonsAtTheWidthOfTheTerminal() throws Exception {
        String port = serve(200, """
                [{"id": 7, "topic": "order.events", "partition": 2, "fromOffset": 3, "toOffset": 9, "cause": "retention"}]""");
        Process status = atATerminal("status --home target/nowhere --postgres-port 1 --kafka-port 2 --connect-port 3"
                + " --order-port 4 --projection-port " + port);
        String shown = new String(status.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(shown.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
        assertThat(shown.replaceAll("\\s+", " "))
                .contains("CRIT records are missing: order.events/2 offsets 3 to 9 (retention): "
                        + "publish a snapshot, then DELETE /gaps/7");
    }

    /**
     * The command at a terminal of 80 columns without colours. A build in the background ignores Ctrl-C, and a JVM would
     * inherit that.
     */
    private static Process atATerminal(String command) throws IOException {
        assumeThat(Path.of("/usr/bin/script")).as("it makes a terminal").isExecutable();
        ProcessBuilder terminal = new ProcessBuilder(
                        "script",
                        "-qec",
                        "stty cols 80 rows 50; exec env --default-signal=INT " + program() + " " + command,
                        "/dev/null")
                .redirectErrorStream(true);
        terminal.environment().putAll(Map.of("TERM", "xterm", "NO_COLOR", "1"));
        return terminal.start();
    }

    /** Waits for the question, types the answer, and returns what was shown until then. */
    private static String answer(Process terminal, String question, String typed) throws IOException {
        StringBuilder shown = new StringBuilder();
        while (shown.indexOf(question) < 0) {
            int next = terminal.getInputStream().read();
            assertThat(next).as(shown.toString()).isNotNegative();
            shown.append((char) next);
        }
        terminal.outputWriter().append(typed).flush();
        return shown.toString();
    }

    /** The command line as a process. */
    private static String program() {
        return Path.of(System.getProperty("java.home"), "bin", "java")
                + " -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED -cp '%s' dev.afterimage.cli.Afterimage"
                        .formatted(System.getProperty("java.class.path"));
    }

    @Test
    void commandsFindThePortsOfThePipelineOnThatFolder(@TempDir Path home) throws Exception {
        Ports ports = new Ports();
        ports.home = home;
        List<OptionSpec> options = CommandSpec.forAnnotatedObject(ports).options();
        ports.adopt(Set.of(), options);
        assertThat(ports.registry()).isNull();
        Files.writeString(LocalPipeline.lockFile(home), "4711\n--kafka-port=9999\n--registry-port=8085\n");
        ports.adopt(Set.of("--kafka-port"), options);
        assertThat(ports.registry()).hasToString("http://127.0.0.1:8085/apis/ccompat/v7");
        assertThat(ports.bootstrapServers()).isEqualTo("127.0.0.1:0");

        Files.writeString(LocalPipeline.lockFile(home), "4711\n--projection-port=" + serve(200, "[]") + "\n");
        assertThat(run("dead-letters", "list", "--home=" + home)).isZero();
        assertThat(run("dead-letters", "--home=" + home)).isZero();
        assertThat(run("dead-letters", "list", "--home=" + home, "--projection-port=1"))
                .isEqualTo(1);
    }

    @Test
    void theCompatibilityOfASubjectIsShownAndSet() throws IOException {
        List<String> set = new CopyOnWriteArrayList<>();
        HttpServer registry = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        service = registry;
        registry.createContext("/subjects", exchange -> answer(exchange, "[\"b-value\",\"a-value\"]"));
        registry.createContext("/config/", exchange -> {
            if (exchange.getRequestMethod().equals("PUT")) {
                set.add(exchange.getRequestURI() + " "
                        + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            }
            answer(exchange, "{\"compatibilityLevel\":\"FULL\"}");
        });
        registry.start();
        String address = "--registry=http://127.0.0.1:" + registry.getAddress().getPort();

        assertThat(run("compatibility", address)).isZero();
        assertThat(output.toString()).containsSubsequence("a-value", "FULL", "b-value", "FULL");
        assertThat(json("compatibility", address).findValuesAsText("subject")).containsExactly("a-value", "b-value");
        assertThat(json("compatibility", "a-value", address).path("subject").asText())
                .isEqualTo("a-value");
        assertThat(run("compatibility", "a-value", "none", address)).isZero();
        assertThat(set).containsExactly("/config/a-value {\"compatibility\":\"NONE\"}");
        assertThat(run("compatibility", "nope", "NONE", address)).isEqualTo(1);
        assertThat(errors.toString()).contains("There is no subject nope; there are a-value, b-value.");
        assertThat(run("compatibility", "a-value", "MUCH", address)).isEqualTo(2);
        assertThat(set).hasSize(1);
    }

    @Test
    void aRegistryWithoutSubjectsIsToldAndAnEmptyListIsAnEmptyArray() throws Exception {
        String port = serve(200, "[]");
        String registry = "--registry=http://127.0.0.1:" + port;
        assertThat(run("compatibility", registry)).isZero();
        assertThat(errors).hasToString("The registry has no subjects yet.\n");
        assertThat(output).hasToString("");
        assertThat(json("compatibility", registry)).isEqualTo(new ObjectMapper().createArrayNode());
        assertThat(json("dead-letters", "--projection-port", port)).isEqualTo(new ObjectMapper().createArrayNode());
        assertThat(json("connectors", "--connect-port", port)).isEqualTo(new ObjectMapper().createArrayNode());
        assertThat(json("produce", "show", "order", "--order-port", port))
                .isEqualTo(new ObjectMapper().createArrayNode());
    }

    @Test
    void oneThingIsOneObject() throws Exception {
        String port = serve(200, "{\"name\": \"trial\", \"connector\": {\"state\": \"RUNNING\"}, \"tasks\": []}");
        assertThat(json("connectors", "status", "trial", "--connect-port", port)
                        .path("name")
                        .asText())
                .isEqualTo("trial");
    }

    private JsonNode json(String... arguments) throws IOException {
        output.getBuffer().setLength(0);
        assertThat(run(Stream.concat(Stream.of(arguments), Stream.of("--json")).toArray(String[]::new)))
                .isZero();
        return new ObjectMapper().readTree(output.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"list", "replay", "discard"})
    void aTopicOrADigestWithoutLettersIsRefusedByNameUnlessItIsKnown(String command) throws IOException {
        String port = serve(200, """
                {"aggregates": {"order": {}}, "feed": {"partitions": [{"topic": "customer.events"}]}}""");
        Objects.requireNonNull(service).createContext("/dead-letters", exchange -> answer(exchange, "[]"));
        service.createContext(
                "/dead-letters/replays", exchange -> answer(exchange, "{\"replayed\": 0, \"refused\": 0}"));
        for (String topic : List.of("order.events", "customer.events")) {
            assertThat(run("dead-letters", command, "--topic", topic, "--projection-port", port))
                    .isZero();
        }
        assertThat(run("dead-letters", command, "--topic", "nope", "--projection-port", port))
                .isEqualTo(1);
        assertThat(run("dead-letters", command, "--digest", "0b", "--projection-port", port))
                .isEqualTo(1);
        assertThat(errors).hasToString("""
                projection-service reads no topic nope, only customer.events, order.events.
                No dead letter has the digest 0b.
                """);
    }

    private static void answer(HttpExchange exchange, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"show", "replay", "discard"})
    void aDeadLetterThatIsUnknownIsToldByItsId(String command) throws IOException {
        String port = serve(404, "{\"title\":\"Not Found\",\"detail\":\"There is no dead letter 9.\"}");
        assertThat(run("dead-letters", command, "9", "--projection-port", port)).isEqualTo(1);
        assertThat(errors)
                .hasToString("There is no dead letter 9. infra/afterimage dead-letters lists those that wait.\n");
    }

    @Test
    void everyCommandThatPrintsDataHasJson() {
        Set<String> withoutData = Set.of("afterimage", "up", "down", "dev", "generate-completion");
        assertThat(commands(Afterimage.commandLine().getCommandSpec()))
                .filteredOn(command -> !withoutData.contains(command.name()))
                .allSatisfy(command -> assertThat(command.findOption("--json"))
                        .as(command.name())
                        .isNotNull());
    }

    @Test
    void theReadmeListsEveryCommand() throws Exception {
        String readme = Files.readString(Path.of("README.md"));
        List<CommandSpec> commands = commands(Afterimage.commandLine().getCommandSpec());
        assertThat(commands.subList(1, commands.size())).allSatisfy(command -> assertThat(readme)
                .containsAnyOf(
                        "`" + command.name() + "`",
                        "`" + command.qualifiedName().replace("afterimage ", "") + "`"));
    }

    @Test
    void aNativeBuildIsToldOfEveryCommandAndOption() throws Exception {
        Map<String, JsonNode> known = nativeBuildKnows("picocli-generated/dev.afterimage/afterimage-cli");
        List<CommandSpec> commands = commands(Afterimage.commandLine().getCommandSpec());
        assertThat(commands).hasSizeGreaterThan(30);
        for (CommandSpec command : commands) {
            if (command.userObject() instanceof Method method) {
                assertThat(known(known, method.getDeclaringClass(), "methods")).contains(method.getName());
            } else {
                assertThat(known).containsKey(command.userObject().getClass().getName());
            }
            for (ArgSpec option : command.args()) {
                if (option.userObject() instanceof Field field) {
                    assertThat(known(known, field.getDeclaringClass(), "fields"))
                            .contains(field.getName());
                }
            }
        }
    }

    private static List<String> known(Map<String, JsonNode> classes, Class<?> type, String members) {
        assertThat(classes).containsKey(type.getName());
        return Objects.requireNonNull(classes.get(type.getName())).path(members).findValuesAsText("name");
    }

    @Test
    void aNativeBuildIsToldOfEveryRecordThatBecomesJson() throws Exception {
        Set<String> records = new HashSet<>();
        for (String printed : List.of("service.Findings$Report", "command.simulate.Simulation$SchemaChange")) {
            collectRecords(Class.forName("dev.afterimage.cli." + printed), records);
        }
        assertThat(records).contains(ConnectorStatus.class.getName());
        assertThat(nativeBuildKnows("dev.afterimage/afterimage-cli")).containsOnlyKeys(records);
    }

    private static void collectRecords(Type type, Set<String> to) {
        if (type instanceof ParameterizedType list) {
            for (Type element : list.getActualTypeArguments()) {
                collectRecords(element, to);
            }
        } else if (type instanceof Class<?> record && record.isRecord() && to.add(record.getName())) {
            for (RecordComponent component : record.getRecordComponents()) {
                collectRecords(component.getGenericType(), to);
            }
        }
    }

    private static List<CommandSpec> commands(CommandSpec of) {
        return Stream.concat(
                        Stream.of(of),
                        of.subcommands().values().stream().flatMap(sub -> commands(sub.getCommandSpec()).stream()))
                .toList();
    }

    private static Map<String, JsonNode> nativeBuildKnows(String place) throws IOException {
        try (InputStream config = Objects.requireNonNull(
                Afterimage.class.getResourceAsStream("/META-INF/native-image/" + place + "/reflect-config.json"))) {
            return new ObjectMapper()
                    .readTree(config)
                    .valueStream()
                    .collect(toMap(each -> each.path("name").asText(), each -> each));
        }
    }

    @Test
    void downWithoutAPipelineSaysSo() {
        assertThat(run("down", "--home", "target/nowhere")).isZero();
        assertThat(output.toString()).contains("No pipeline runs");
    }

    @Test
    void theDataAreInTheRepositoryWhereverTheProgramRuns(@TempDir Path repository) {
        System.setProperty("afterimage.root", repository.toString());
        try {
            run("down");
        } finally {
            System.clearProperty("afterimage.root");
        }
        assertThat(output.toString()).contains("in " + repository.resolve("target/pipeline") + ".");
    }

    @Test
    void devNamesTheServicesThatHaveDevMode() {
        assertThat(run("dev", "shop")).isEqualTo(2);
        assertThat(errors.toString()).contains("'shop'", "order-service", "projection-service");
    }

    @Test
    void watchingWithoutKafkaSaysHowToStartIt() {
        String nobody = StackConfig.freePorts(1).get(0).toString();
        assertThat(run("watch", "order.events", "--kafka-port", nobody)).isEqualTo(1);
        assertThat(errors.toString()).contains("No answer from Kafka at 127.0.0.1:" + nobody, "infra/afterimage up");
    }

    @Test
    void measuringWithoutServicesSaysHowToStartThem() {
        String nobody = StackConfig.freePorts(1).get(0).toString();
        assertThat(run("measure", "--order-port", nobody)).isEqualTo(1);
        assertThat(errors.toString()).contains("No answer from http://127.0.0.1:" + nobody, "infra/afterimage up");
    }

    @Test
    void anAuditThatDoesNotTakePlaceIsNoDifference() {
        String nobody = StackConfig.freePorts(1).get(0).toString();
        assertThat(run("audit", "--projection-port", nobody)).isEqualTo(2);
        assertThat(errors.toString()).contains("No answer from http://127.0.0.1:" + nobody, "infra/afterimage up");
    }

    @Test
    void sqlWithoutAPipelineSaysHowToStartItAndWithoutSqlWhatIsMissing() {
        String nobody = StackConfig.freePorts(1).get(0).toString();
        assertThat(run("sql", "orders", "select 1", "--postgres-port", nobody)).isEqualTo(1);
        assertThat(errors.toString())
                .contains("No answer from PostgreSQL at 127.0.0.1:" + nobody, "infra/afterimage up");
        assertThat(run("sql", "orders")).isEqualTo(2);
        assertThat(errors.toString()).contains("Give either SQL or --file");
    }

    @Test
    void aPortForTwoPartsIsRefusedBeforeAnythingStarts() {
        assertThat(run("up", "--order-port", "28083", "--connect-port", "28083"))
                .isEqualTo(1);
        assertThat(errors.toString()).contains("Port 28083 is given to two parts");
    }

    @Test
    void anEventBecomesOneLine() {
        assertThat(AppliedEvents.line("""
                        {"topic":"order.events","partition":2,"offset":17,"eventType":"OrderPlaced","key":"0199","version":1,
                         "op":"c","latencyMs":12,"effect":"applied"}""")).matches("OrderPlaced +0199 +v1 +2@17 +12 ms");
        assertThat(AppliedEvents.line("{\"partition\":0,\"offset\":3,\"effect\":\"dead-letter\",\"key\":null}"))
                .contains("no key", "0@3", "dead letter: no reason given");
        assertThat(AppliedEvents.line("{\"count\":40}")).contains("40 events not shown");
        assertThat(AppliedEvents.line("""
                        {"partition":3,"offset":3,"eventType":null,"key":"0199","version":null,"effect":"ignored"}""")).matches("tombstone +0199 +- +3@3 +ignored");
    }

    @ParameterizedTest
    @ValueSource(strings = {"applied", "ignored"})
    void theLineOfAnEventFitsATerminalOf80Columns(String effect) {
        assertThat(AppliedEvents.line("""
                        {"partition":2,"offset":123456,"eventType":"OrderStatusChanged","key":"01a1ff99-6ff5-710f-9892-d789046401b3",
                         "version":1,"op":"c","latencyMs":4711,"effect":"%s"}""".formatted(effect))).hasSizeLessThanOrEqualTo(80);
    }

    @Test
    void theSynopsisOfACommandCanBePastedAndHasOnlyItsOwnOptions() {
        assertThat(run("down", "--help")).isZero();
        assertThat(output.toString()).startsWith("Usage: infra/afterimage down%n".formatted());
        assertThat(run("rebuild", "--help")).isZero();
        assertThat(output.toString())
                .contains("Usage: infra/afterimage rebuild [--incomplete] [--json] [--source=SOURCE]%n".formatted());
    }

    @Test
    void aFileThatCannotBeUsedIsToldWithTheReason(@TempDir Path folder) throws Exception {
        Path gone = folder.resolve("gone");
        Map<Exception, String> told = Map.of(
                new NoSuchFileException(folder.resolve("x").toString()), "/x: there is no such file or folder",
                new NoSuchFileException(gone.resolve("x").toString()), "/x: there is no folder " + gone,
                new AccessDeniedException("/closed/x"), "/closed/x: permission denied",
                new FileSystemException("/dev/x", null, "Is a directory"), "/dev/x: Is a directory");
        for (Map.Entry<Exception, String> each : told.entrySet()) {
            errors.getBuffer().setLength(0);
            assertThat(Afterimage.commandLine()
                            .addSubcommand("fails", new Failing(each.getKey()))
                            .setErr(new PrintWriter(errors))
                            .execute("fails"))
                    .isEqualTo(1);
            assertThat(errors.toString().strip())
                    .startsWith("Cannot read or write ")
                    .endsWith(each.getValue());
        }
    }

    @Test
    void anErrorThatNobodyForesawIsOneSentenceWithThePathOfItsLog() throws Exception {
        for (Throwable error : List.of(new OutOfMemoryError("heap"), new IllegalStateException("a bug"))) {
            errors.getBuffer().setLength(0);
            assertThat(Afterimage.commandLine()
                            .addSubcommand("fails", new Failing(error))
                            .setErr(new PrintWriter(errors))
                            .execute("fails"))
                    .isEqualTo(1);
            assertThat(errors.toString().lines()).singleElement().asString().contains("Its log: ");
            Path log = Path.of(errors.toString().strip().split("Its log: ", 2)[1]);
            assertThat(Files.readString(log)).contains(error.toString(), "\tat " + AfterimageTest.class.getName());
            Files.delete(log);
        }
    }

    @Command
    private record Failing(Throwable error) implements Callable<Integer> {
        @Override
        public Integer call() throws Exception {
            if (error instanceof Error fatal) {
                throw fatal;
            }
            throw (Exception) error;
        }
    }

    private int run(String... arguments) {
        return Afterimage.commandLine()
                .setOut(new PrintWriter(output))
                .setErr(new PrintWriter(errors))
                .execute(arguments);
    }
}
