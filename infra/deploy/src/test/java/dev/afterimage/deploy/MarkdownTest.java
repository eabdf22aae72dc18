package dev.afterimage.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MarkdownTest {

    private static final Path README = Repository.file("README.md");
    /** Short enough that a new reader reads the README to its end. */
    private static final long MAX_README_BYTES = 12_000;

    private static final Pattern CODE_BLOCK = Pattern.compile("(?ms)^ *```.*?^ *```$");
    private static final Pattern CODE_SPAN = Pattern.compile("`[^`]*`");
    private static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");
    private static final Pattern SCHEME = Pattern.compile("^[a-z][a-z0-9+.-]*:");
    private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.+)$");

    @Test
    void theReadmeIsShort() {
        assertThat(README.toFile().length()).isLessThan(MAX_README_BYTES);
    }

    @Test
    void everyRelativeLinkHasItsFileAndHeading() {
        List<Path> files = files(Repository.ROOT);
        assertThat(files).contains(README, Repository.file("connectors/README.md"));
        assertThat(files.stream().flatMap(MarkdownTest::relativeLinks)).hasSizeGreaterThan(20);
        assertThat(files).allSatisfy(file -> assertThat(relativeLinks(file)).allSatisfy(link -> leads(file, link)));
    }

    private static void leads(Path file, String link) {
        int hash = link.indexOf('#');
        String path = hash < 0 ? link : link.substring(0, hash);
        Path target = path.isEmpty() ? file : file.resolveSibling(path).normalize();
        assertThat(target).startsWith(Repository.ROOT).exists();
        if (hash >= 0) {
            assertThat(anchors(target)).as(target.toString()).contains(link.substring(hash + 1));
        }
    }

    /** All Markdown files below the folder, except those of builds and tools. */
    private static List<Path> files(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.flatMap(entry -> {
                        String name = entry.getFileName().toString();
                        if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                            boolean ours = !name.equals("target") && (!name.startsWith(".") || name.equals(".github"));
                            return ours ? files(entry).stream() : Stream.empty();
                        }
                        return name.endsWith(".md") ? Stream.of(entry) : Stream.empty();
                    })
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<String> relativeLinks(Path file) {
        return LINK.matcher(CODE_SPAN.matcher(withoutCodeBlocks(file)).replaceAll(""))
                .results()
                .map(found -> found.group(1))
                .filter(link -> !SCHEME.matcher(link).find());
    }

    /** The anchors that GitHub creates for the headings of the file; a repeated heading gets a number. */
    private static Set<String> anchors(Path file) {
        List<String> headings = HEADING.matcher(withoutCodeBlocks(file))
                .results()
                .map(found -> found.group(1)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{N}_ -]", "")
                        .replace(' ', '-'))
                .toList();
        return IntStream.range(0, headings.size())
                .mapToObj(i -> {
                    String heading = headings.get(i);
                    int before = Collections.frequency(headings.subList(0, i), heading);
                    return before == 0 ? heading : heading + "-" + before;
                })
                .collect(Collectors.toSet());
    }

    private static String withoutCodeBlocks(Path file) {
        return CODE_BLOCK.matcher(Repository.text(file)).replaceAll("");
    }
}
