package dev.cutover.coupon.token;

/** A request comes without a token that is good; never says anything of the token itself. */
public final class TokenRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Why. */
    public enum Why {
        MISSING,
        INVALID,
        EXPIRED,
        APP_DISABLED,
        /** Nothing was heard of the tokens for longer than a revocation may take to be seen. */
        UNKNOWN
    }

    private final Why why;

    TokenRefusedException(Why why, String message) {
        // No stack trace: anybody can send a wrong token, and many of them.
        super(message, null, false, false);
        this.why = why;
    }

    public Why why() {
        return why;
    }
}
