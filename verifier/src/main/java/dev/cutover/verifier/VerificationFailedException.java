package dev.cutover.verifier;

import dev.cutover.core.CutoverException;
import org.jspecify.annotations.Nullable;

/** A verification could not be carried through; nothing is known about equality. */
public class VerificationFailedException extends CutoverException {
    public VerificationFailedException(String message) {
        super(message);
    }

    public VerificationFailedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
