package dev.cutover.coupon.store;

import dev.cutover.core.CutoverException;

/** A switch was under way for longer than the caller's budget; nothing was changed and the caller may ask again. */
public final class MigrationFenceException extends CutoverException {
    public MigrationFenceException(Throwable cause) {
        super("The write waited for a switch of the migration longer than its budget: " + cause.getMessage(), cause);
    }
}
