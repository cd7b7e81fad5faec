package dev.cutover.verifier.report;

import dev.cutover.core.CutoverException;
import java.io.IOException;
import java.nio.file.Path;

/** A folder did not take a report; no file of it is half written. */
public final class ReportNotWrittenException extends CutoverException {
    private static final long serialVersionUID = 1L;

    ReportNotWrittenException(Path folder, IOException cause) {
        super(
                "The report could not be written into " + folder.toAbsolutePath() + " ("
                        + cause.getClass().getSimpleName() + ": " + cause.getMessage() + ").",
                cause);
    }
}
