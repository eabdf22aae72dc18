package dev.afterimage.projection.change;

/** The record breaks a rule of the contract. The message is the reason: one line, without content of the record. */
public class MalformedRecord extends Exception {

    public MalformedRecord(String reason) {
        super(reason, null, false, false);
    }

    /** The reason, for the dead letter's header and the log. */
    public String reason() {
        return String.valueOf(getMessage());
    }
}
