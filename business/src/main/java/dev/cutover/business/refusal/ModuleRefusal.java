package dev.cutover.business.refusal;

/** A module does not do it, for a reason that its caller is told. Nothing was changed. */
public final class ModuleRefusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Reason reason;

    /** The codes of errors, and their status in HTTP. */
    public enum Reason {
        PARAMETER_INVALID(400),
        TOKEN_INVALID(401),
        SIGNATURE_INVALID(401),
        NOT_FOUND(404),
        NUMBER_REUSED(409),
        STATE_CONFLICT(409),
        DEVICE_TAKEN(409),
        BUDGET_EXHAUSTED(409),
        CAMPAIGN_ENDED(409),
        NO_PRICE(422),
        OUTCOME_PENDING(503),
        CORE_UNAVAILABLE(503);

        private final int status;

        Reason(int status) {
            this.status = status;
        }

        public int status() {
            return status;
        }
    }

    public ModuleRefusal(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public ModuleRefusal(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
