package dev.afterimage.cli.terminal;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The output of this process, with the reason why it could not be written, which a {@link PrintWriter} keeps to itself. */
public final class StandardOutput {

    /** EX_IOERR of sysexits.h: no command has this code for another reason. */
    private static final int NOT_WRITTEN = 74;
    /** As a shell reports a program that ended because the reader of its output had gone: 128 + SIGPIPE. */
    private static final int NO_READER = 141;

    /** Of poll.h, the same on Linux and macOS. */
    private static final int POLLERR = 8;

    private static final int POLLHUP = 16;

    private static final String BROKEN_PIPE = "Broken pipe";

    /** A command that prints nothing for so long asks whether its reader is there, and again after so long. */
    private static final long QUIET_NANOS = Duration.ofMillis(300).toNanos();

    private final PrintWriter writer;
    private volatile @Nullable IOException failure;

    public StandardOutput() {
        writer = new PrintWriter(
                new FilterOutputStream(new FileOutputStream(FileDescriptor.out)) {
                    private volatile long asked = System.nanoTime();

                    @Override
                    public void write(byte[] bytes, int offset, int length) throws IOException {
                        try {
                            out.write(bytes, offset, length);
                            asked = System.nanoTime();
                        } catch (IOException e) {
                            failure = e;
                            throw e;
                        }
                    }

                    @Override
                    public void flush() throws IOException {
                        if (System.nanoTime() - asked < QUIET_NANOS) {
                            return;
                        }
                        asked = System.nanoTime();
                        if (readerGone()) {
                            failure = new IOException(BROKEN_PIPE);
                            throw failure;
                        }
                    }
                },
                true,
                System.out.charset());
    }

    /** Asks poll(2), because only a write would fail. It is false where there is no poll(2). */
    private static boolean readerGone() {
        Linker linker = Linker.nativeLinker();
        Optional<MemorySegment> poll = linker.defaultLookup().find("poll");
        try (Arena arena = Arena.ofConfined()) {
            // struct pollfd { int fd; short events; short revents; }
            MemorySegment asked = arena.allocateFrom(ValueLayout.JAVA_INT, 1, 0);
            if (poll.isPresent()) {
                var unused = (int) linker.downcallHandle(
                                poll.get(),
                                FunctionDescriptor.of(
                                        ValueLayout.JAVA_INT,
                                        ValueLayout.ADDRESS,
                                        ValueLayout.JAVA_LONG,
                                        ValueLayout.JAVA_INT))
                        .invokeExact(asked, 1L, 0);
            }
            return (asked.get(ValueLayout.JAVA_SHORT, 6) & (POLLERR | POLLHUP)) != 0;
        } catch (Throwable e) {
            return false; // the next write will tell
        }
    }

    public PrintWriter writer() {
        return writer;
    }

    /**
     * The exit code of a command that ended with this one: another code if its output is incomplete. The reason is told,
     * but not about a reader that has gone, such as {@code head}.
     */
    public int exitCode(int code, PrintWriter err) {
        writer.flush();
        IOException reason = failure;
        if (reason == null) {
            return code;
        }
        if (BROKEN_PIPE.equals(reason.getMessage())) {
            return NO_READER;
        }
        err.println("The output cannot be written: " + reason.getMessage());
        return NOT_WRITTEN;
    }
}
