package dev.cutover.core.fence;

import dev.cutover.core.CutoverException;

/** The attempt to close a fence broke; the fence was read again where possible and is not closed in the wanted epoch. */
public final class FenceCloseFailedException extends CutoverException {
    FenceCloseFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}
