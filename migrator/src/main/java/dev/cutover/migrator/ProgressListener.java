package dev.cutover.migrator;

import java.util.List;

/** Hears how far a copy is, a few times a second. */
@FunctionalInterface
public interface ProgressListener {
    /** Nobody listens. */
    ProgressListener NONE = tables -> {};

    void progress(List<Progress> tables);
}
