package dev.afterimage.cli.terminal;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;

/** The output of this process, with the reason why it could not be written, which a {@link PrintWriter} keeps to itself. */
public final class StandardOutput {

    /** EX_IOERR of sysexits.h: no command has this code for another reason. */
    private static final int NOT_WRITTEN = 74;
    /** As a shell reports a program that ended because the reader of its output had gone: 128 + SIGPIPE. */
    private static final int NO_READER = 141;

    private final PrintWriter writer;
    private volatile @Nullable IOException failure;

    public StandardOutput(OutputStream stream) {
        writer = new PrintWriter(
                new FilterOutputStream(stream) {
                    @Override
                    public void write(byte[] bytes, int offset, int length) throws IOException {
                        try {
                            out.write(bytes, offset, length);
                        } catch (IOException e) {
                            failure = e;
                            throw e;
                        }
                    }
                },
                true,
                System.out.charset());
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
        if ("Broken pipe".equals(reason.getMessage())) {
            return NO_READER;
        }
        err.println("The output cannot be written: " + reason.getMessage());
        return NOT_WRITTEN;
    }
}
