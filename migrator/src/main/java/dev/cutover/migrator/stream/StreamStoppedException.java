package dev.cutover.migrator.stream;

import dev.cutover.core.CutoverException;
import org.jspecify.annotations.Nullable;

/** The stream met something that people must look at; starting it again would meet it again. */
public final class StreamStoppedException extends CutoverException {
    private final String stream;

    /**
     * Says what happened, where, and what to do.
     *
     * @param stream the stream
     * @param what what was met
     * @param where the transaction, table or server
     * @param fix what to do next
     */
    public StreamStoppedException(String stream, String what, String where, String fix) {
        this(stream, what, where, fix, null);
    }

    public StreamStoppedException(String stream, String what, String where, String fix, @Nullable Throwable cause) {
        super("Stream '" + stream + "' stopped: " + what + " (" + where + "). " + fix, cause);
        this.stream = stream;
    }

    public String stream() {
        return stream;
    }
}
