package dev.cutover.migrator.stream;

import dev.cutover.core.CutoverException;
import org.jspecify.annotations.Nullable;

/** The stream lost its server or its engine; it may be started again from the positions. */
public final class StreamBrokenException extends CutoverException {
    public StreamBrokenException(String stream, String what, @Nullable Throwable cause) {
        super("Stream '" + stream + "' broke: " + what + " It is started again from the applied positions.", cause);
    }
}
