package dev.cutover.business.core;

/** The coupon service has not said what it decided; the same may be asked again. */
public final class CoreUnavailableException extends Exception {
    private static final long serialVersionUID = 1L;

    CoreUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
