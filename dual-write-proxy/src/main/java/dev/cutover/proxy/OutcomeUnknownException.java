package dev.cutover.proxy;

import dev.cutover.core.CutoverException;
import java.sql.SQLException;

/**
 * The answer to COMMIT was lost and the budget ran out before the outcome could be learned. The unit has happened once or not at all;
 * calling again with the same operation id settles it.
 */
public final class OutcomeUnknownException extends CutoverException {
    public OutcomeUnknownException(String message, SQLException cause) {
        super(message, cause);
    }
}
