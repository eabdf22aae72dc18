package dev.afterimage.deploy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A command that ran to its end.
 *
 * @param exit its exit status
 * @param said what it printed
 */
record Script(int exit, String said) {

    /** Runs the command with these variables in addition to this JVM's own; its output goes through a file in the folder. */
    static Script run(Path folder, Map<String, String> environment, List<String> command)
            throws IOException, InterruptedException {
        Path said = folder.resolve("said");
        var process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile());
        process.environment().putAll(environment);
        int exit = process.start().waitFor();
        return new Script(exit, Files.readString(said));
    }
}
