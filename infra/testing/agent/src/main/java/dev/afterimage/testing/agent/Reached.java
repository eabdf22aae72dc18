package dev.afterimage.testing.agent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.StackWalker.StackFrame;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Records what this process looks up by name. Each line of the file has a kind, a name, the calling class, and the
 * classes whose initializers were running.
 *
 * <p>It is called from inside the JDK: it must not fail, and must not call a method that calls it again.
 */
public final class Reached {
    /** Packages that run only while the application is built, or in a test. */
    private static final List<String> NOT_AT_RUN_TIME = List.of(
            "io.quarkus.deployment.", "io.quarkus.builder.", "io.quarkus.bootstrap.", "io.quarkus.test.", "org.junit.");

    private static final Set<String> LINES = ConcurrentHashMap.newKeySet();
    /** The number of lookups of each name. Reading the stack is expensive, so only the first lookups are recorded. */
    private static final Map<String, Integer> ASKED = new ConcurrentHashMap<>();

    private static final int LOOKS = 16;
    private static final ThreadLocal<Boolean> WORKING = ThreadLocal.withInitial(() -> false);

    private Reached() {}

    static void writeTo(Path folder, Supplier<Class<?>[]> loaded) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                WORKING.set(true);
                for (Class<?> type : loaded.get()) {
                    if (type.getClassLoader() != null && !type.isHidden() && !type.isArray()) {
                        LINES.add("loaded " + type.getName());
                    }
                }
                Files.createDirectories(folder);
                Files.write(folder.resolve("reached-" + ProcessHandle.current().pid() + ".txt"), new TreeSet<>(LINES));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }));
    }

    public static void fields(Class<?> type) {
        type("fields", type);
    }

    public static void methods(Class<?> type) {
        type("methods", type);
    }

    public static void constructors(Class<?> type) {
        type("constructors", type);
    }

    private static void type(String kind, Class<?> type) {
        if (!type.isPrimitive() && !type.isArray() && !type.getName().startsWith("java.")) {
            tell(kind, type.getName());
        }
    }

    public static void resource(String name) {
        if (name != null && !name.endsWith(".class")) {
            tell("resource", name);
        }
    }

    public static void library(String file) {
        tell("library", file);
    }

    public static void proxy(Class<?>[] interfaces) {
        var names = new StringBuilder();
        for (var each : interfaces == null ? new Class<?>[0] : interfaces) {
            names.append(names.isEmpty() ? "" : ",").append(each.getName());
        }
        tell("proxy", names.toString());
    }

    private static void tell(String kind, String name) {
        if (WORKING.get()) {
            return;
        }
        WORKING.set(true);
        try {
            if (ASKED.merge(kind + " " + name, 1, Integer::sum) > LOOKS) {
                return;
            }
            var frames = StackWalker.getInstance().walk(all -> all.skip(3).toList());
            var names = frames.stream().map(StackFrame::getClassName).toList();
            if (names.stream().anyMatch(frame -> NOT_AT_RUN_TIME.stream().anyMatch(frame::startsWith))) {
                return;
            }
            var asking = names.stream()
                    .filter(frame ->
                            !frame.startsWith("java.") && !frame.startsWith("jdk.") && !frame.startsWith("sun."))
                    .findFirst()
                    .orElse("the JDK");
            // a native build may run class initializers at build time
            var initializing = frames.stream()
                    .filter(frame -> frame.getMethodName().equals("<clinit>"))
                    .map(StackFrame::getClassName)
                    .filter(frame ->
                            !frame.startsWith("java.") && !frame.startsWith("jdk.") && !frame.startsWith("sun."))
                    .distinct()
                    .collect(Collectors.joining(","));
            LINES.add(String.join(" ", kind, name, asking, initializing));
        } finally {
            WORKING.set(false);
        }
    }
}
