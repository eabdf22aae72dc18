package dev.afterimage.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.reflect.AccessFlag;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.function.Predicate;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The registrations of a native executable, read from the sources of a native build, which Quarkus creates without
 * GraalVM.
 *
 * @see <a href="https://www.graalvm.org/jdk25/reference-manual/native-image/metadata/">GraalVM, reachability metadata</a>
 */
final class NativeSources {
    private static final String FOLDER = "META-INF/native-image/";

    private final ObjectMapper json = new ObjectMapper();
    private final Map<String, Set<String>> members = new HashMap<>();
    private final Map<String, Set<String>> jniFields = new HashMap<>();
    private final List<Pattern> resources = new ArrayList<>();
    private final Set<List<String>> proxies = new HashSet<>();
    private final Set<String> initializedAtRunTime = new HashSet<>();
    private final Set<String> features = new HashSet<>();
    private final Map<String, Path> jars = new HashMap<>();

    /** @param folder the folder with the jar of the application, its libraries and the arguments of the build */
    NativeSources(Path folder) throws IOException {
        var arguments = Files.readString(folder.resolve("native-image.args"));
        var excluded = excluded(List.of(arguments.split("\\s+")));
        readArguments(arguments);
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path jar :
                    files.filter(file -> file.toString().endsWith(".jar")).toList()) {
                read(jar, excluded);
            }
        }
        for (String feature : features) {
            readFeature(feature);
        }
    }

    /** Whether the fields, methods or constructors of the type are registered. */
    boolean reflects(String type, String kind) {
        return members.getOrDefault(type, Set.of()).contains(kind);
    }

    /** Whether the class path has such a resource. */
    boolean exists(String resource) {
        return jars.containsKey(resource);
    }

    boolean includes(String resource) {
        return resources.stream().anyMatch(pattern -> pattern.matcher(resource).matches());
    }

    boolean proxies(List<String> interfaces) {
        return proxies.contains(interfaces);
    }

    boolean isAnnotation(String type) {
        if (type.startsWith("java.lang.") || type.startsWith("jdk.internal.vm.annotation.")) {
            return true; // the only interfaces of the JDK there that libraries use for proxies
        }
        var file = type.replace('.', '/') + ".class";
        return jars.containsKey(file) && parse(file).flags().has(AccessFlag.ANNOTATION);
    }

    boolean hasFeature(String feature) {
        return features.contains(feature);
    }

    /** Whether the class is initialized at run time; an entry is a class, or a package with all classes below it. */
    boolean initializesAtRunTime(String type) {
        return initializedAtRunTime.stream()
                .anyMatch(each -> type.equals(each) || type.startsWith(each + ".") || type.startsWith(each + "$"));
    }

    boolean hasClass(String type) {
        return jars.containsKey(type.replace('.', '/') + ".class");
    }

    /**
     * The fields that native code looks up by JNI and that are not registered: fields of the classes with native
     * methods in the library's jar, if the library contains the name of the field.
     *
     * @param library the resource from which the native library is taken
     * @param loaded whether a class was loaded
     */
    List<String> missingJniFields(String library, Predicate<String> loaded) throws IOException {
        var missing = new ArrayList<String>();
        try (var jar = new JarFile(Objects.requireNonNull(jars.get(library)).toFile())) {
            var code = new String(
                    jar.getInputStream(jar.getJarEntry(library)).readAllBytes(), StandardCharsets.ISO_8859_1);
            for (JarEntry entry :
                    jar.stream().filter(each -> isClass(each.getName())).toList()) {
                var type = entry.getName().replace(".class", "").replace('/', '.');
                if (!loaded.test(type)) {
                    continue;
                }
                ClassModel model =
                        ClassFile.of().parse(jar.getInputStream(entry).readAllBytes());
                if (model.methods().stream().noneMatch(method -> method.flags().has(AccessFlag.NATIVE))) {
                    continue;
                }
                for (var field : model.fields()) {
                    var name = field.fieldName().stringValue();
                    if (code.contains("\0" + name + "\0")
                            && !jniFields.getOrDefault(type, Set.of()).contains(name)) {
                        missing.add(type + "." + name);
                    }
                }
            }
        }
        return missing;
    }

    /** The configuration files that the build excludes, by patterns of their jars and of their names. */
    private static List<Pattern> excluded(List<String> arguments) {
        var excluded = new ArrayList<Pattern>();
        for (int i = 0; i < arguments.size() - 2; i++) {
            if (arguments.get(i).equals("--exclude-config")) {
                excluded.add(Pattern.compile(arguments.get(i + 1) + ".*!" + arguments.get(i + 2)));
            }
        }
        return excluded;
    }

    private void readArguments(String arguments) {
        initializedAtRunTime.addAll(values(arguments, "--initialize-at-run-time"));
        features.addAll(values(arguments, "--features"));
    }

    private static List<String> values(String arguments, String option) {
        return Pattern.compile(option + "=([^\\s\\\\]+)")
                .matcher(arguments)
                .results()
                .flatMap(match -> Stream.of(match.group(1).split(",")))
                .toList();
    }

    private void read(Path path, List<Pattern> excluded) throws IOException {
        try (var jar = new JarFile(path.toFile())) {
            for (JarEntry entry : jar.stream().toList()) {
                jars.putIfAbsent(entry.getName(), path);
                if (!entry.getName().startsWith(FOLDER)
                        || excluded.stream().anyMatch(pattern -> pattern.matcher(path + "!/" + entry.getName())
                                .find())) {
                    continue;
                }
                var file = entry.getName().substring(entry.getName().lastIndexOf('/') + 1);
                try (var in = jar.getInputStream(entry)) {
                    switch (file) {
                        case "reflect-config.json" -> json.readTree(in).forEach(this::readType);
                        case "jni-config.json" -> json.readTree(in).forEach(this::readJniType);
                        case "resource-config.json" -> readResources(json.readTree(in));
                        case "proxy-config.json" -> json.readTree(in).forEach(this::readProxy);
                        case "reachability-metadata.json" -> readMetadata(json.readTree(in));
                        case "native-image.properties" -> {
                            var properties = new Properties();
                            properties.load(in);
                            readArguments(properties.getProperty("Args", ""));
                        }
                        default -> {}
                    }
                }
            }
        }
    }

    private void readMetadata(JsonNode metadata) {
        metadata.path("reflection").forEach(entry -> {
            if (entry.path("type").isTextual()) {
                readType(entry);
                if (entry.path("jniAccessible").asBoolean()) {
                    readJniType(entry);
                }
            } else {
                readProxy(entry.at("/type/proxy"));
            }
        });
        metadata.path("resources").forEach(resource -> {
            if (resource.has("glob")) {
                var matcher = FileSystems.getDefault()
                        .getPathMatcher("glob:" + resource.get("glob").asText());
                jars.keySet().stream()
                        .filter(name -> matcher.matches(Path.of(name)))
                        .forEach(name -> resources.add(Pattern.compile(Pattern.quote(name))));
            }
        });
    }

    private void readType(JsonNode entry) {
        var known = members.computeIfAbsent(
                entry.path("name").asText(entry.path("type").asText()), _ -> new HashSet<>());
        entry.fieldNames().forEachRemaining(name -> {
            if (name.matches("(all|queryAll)(Declared|Public)(Fields|Methods|Constructors)")
                    && entry.get(name).asBoolean()) {
                known.add(name.replaceAll(".*(Declared|Public)", "").toLowerCase(Locale.ROOT));
            }
        });
        if (!entry.path("fields").isEmpty()) {
            known.add("fields");
        }
        entry.path("methods")
                .forEach(method ->
                        known.add(method.path("name").asText().equals("<init>") ? "constructors" : "methods"));
    }

    private void readJniType(JsonNode entry) {
        var fields = jniFields.computeIfAbsent(
                entry.path("name").asText(entry.path("type").asText()), _ -> new HashSet<>());
        entry.path("fields").forEach(field -> fields.add(field.path("name").asText()));
    }

    private void readProxy(JsonNode entry) {
        var interfaces = new ArrayList<String>();
        (entry.has("interfaces") ? entry.get("interfaces") : entry).forEach(each -> interfaces.add(each.asText()));
        proxies.add(interfaces);
    }

    private void readResources(JsonNode config) {
        var includes = config.at("/resources/includes");
        (includes.isMissingNode() ? config.path("resources") : includes)
                .forEach(include ->
                        resources.add(Pattern.compile(include.path("pattern").asText())));
    }

    /**
     * Reads a feature, which registers by code. The names of classes are before the call that defers their
     * initialization.
     */
    private void readFeature(String feature) {
        var file = feature.replace('.', '/') + ".class";
        if (!jars.containsKey(file)) {
            return; // GraalVM's own
        }
        for (var method : parse(file).methods()) {
            var names = new HashSet<String>();
            method.code()
                    .ifPresent(code -> code.forEach(element -> {
                        if (element instanceof ConstantInstruction constant
                                && constant.constantValue() instanceof String name) {
                            names.add(name);
                        } else if (element instanceof InvokeInstruction call
                                && call.name().equalsString("initializeAtRunTime")) {
                            initializedAtRunTime.addAll(names);
                        }
                    }));
        }
    }

    private ClassModel parse(String file) {
        try (var jar = new JarFile(Objects.requireNonNull(jars.get(file)).toFile())) {
            return ClassFile.of()
                    .parse(jar.getInputStream(jar.getJarEntry(file)).readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isClass(String entry) {
        return entry.endsWith(".class") && !entry.contains("META-INF");
    }
}
