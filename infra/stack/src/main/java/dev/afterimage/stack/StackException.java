package dev.afterimage.stack;

/** What kept a part of the stack from starting or working; the message is one sentence meant for the user. */
public class StackException extends RuntimeException {

    public StackException(String message) {
        super(message);
    }

    public StackException(String message, Throwable cause) {
        super(message, cause);
    }
}
