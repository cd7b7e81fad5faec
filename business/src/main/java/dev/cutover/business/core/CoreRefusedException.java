package dev.cutover.business.core;

/** The coupon service has decided against it, and would again. */
public final class CoreRefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String code;

    CoreRefusedException(String code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** The code of the error, as the coupon service's vocabulary has it. */
    public String code() {
        return code;
    }
}
