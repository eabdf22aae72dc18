package dev.afterimage.cli.command;

import dev.afterimage.cli.service.LocalPipeline;
import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import picocli.CommandLine.Command;

/** Stops the pipeline of this data folder from another terminal. */
@Command(
        name = "down",
        description =
                "Stops a pipeline that runs in another terminal, and waits until all processes end. The data stays.")
public final class DownCommand extends PipelineCommand {

    private static final Duration LIMIT = Duration.ofMinutes(1);

    @Override
    public Integer call() throws IOException {
        PrintWriter out = out();
        Path file = LocalPipeline.lockFile(ports.home);
        if (!held(file)) {
            out.println("No pipeline runs on the data in " + ports.home + ".");
            return 0;
        }
        String pid = Files.readString(file).split("\\D", 2)[0]; // earlier versions wrote more into the line
        if (pid.isEmpty()) {
            throw new StackException("The pipeline in " + ports.home + " is just starting: try again.");
        }
        ProcessHandle pipeline = ProcessHandle.of(Long.parseLong(pid))
                .orElseThrow(() -> new StackException("The pipeline in " + ports.home + " is already stopping."));
        pipeline.destroy();
        if (!Server.await(LIMIT, Duration.ofMillis(50), () -> !pipeline.isAlive())) {
            throw new StackException(
                    "The pipeline (pid " + pipeline.pid() + ") has not ended after " + LIMIT.toSeconds() + " s.");
        }
        out.println("Stopped; the data stays in " + ports.home + ".");
        return 0;
    }

    private static boolean held(Path file) throws IOException {
        if (!Files.exists(file)) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            return lock == null;
        }
    }
}
