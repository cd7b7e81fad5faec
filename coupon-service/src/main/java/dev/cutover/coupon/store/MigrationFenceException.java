package dev.cutover.coupon.store;

/** A switch was under way for longer than the caller's budget; nothing was changed and the caller may ask again. */
public final class MigrationFenceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public MigrationFenceException(Throwable cause) {
        super("The write waited for a switch of the migration longer than its budget: " + cause.getMessage(), cause);
    }
}
