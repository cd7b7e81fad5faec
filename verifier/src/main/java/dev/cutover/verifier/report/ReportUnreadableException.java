package dev.cutover.verifier.report;

import dev.cutover.core.CutoverException;

/** A report that was kept could not be read. */
public final class ReportUnreadableException extends CutoverException {
    private static final long serialVersionUID = 1L;

    ReportUnreadableException(String message, Throwable cause) {
        super(message, cause);
    }
}
