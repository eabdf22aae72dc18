package dev.afterimage.stack;

/** A part of the stack cannot start or work. The message is one sentence for the user. */
public class StackException extends RuntimeException {

    public StackException(String message) {
        super(message);
    }

    public StackException(String message, Throwable cause) {
        super(message, cause);
    }
}
