package dev.cutover.verifier;

/** A verification was ended before its time by whoever had begun it; it has found nothing out, and nothing is recorded. */
public final class VerificationStoppedException extends VerificationFailedException {
    private static final long serialVersionUID = 1L;

    public VerificationStoppedException(String message) {
        super(message);
    }
}
