package dev.cutover.coupon.store;

import dev.cutover.core.CutoverException;

/** The migration does not admit this write now; nothing was changed and the caller may ask again. */
public final class MigrationFenceException extends CutoverException {
    private final boolean standing;

    /** A switch was under way for longer than the caller's budget. */
    public MigrationFenceException(Throwable cause) {
        super("The write waited for a switch of the migration longer than its budget: " + cause.getMessage(), cause);
        this.standing = false;
    }

    /** What was asked for has to wait for a later stage of the migration; the sentence is for whoever asked. */
    public MigrationFenceException(String sentence) {
        super(sentence);
        this.standing = true;
    }

    /** Whether it is the stage that forbids it rather than a moment, so that the message says what to wait for. */
    public boolean standing() {
        return standing;
    }
}
