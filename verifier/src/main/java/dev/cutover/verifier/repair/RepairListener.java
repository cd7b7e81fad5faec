package dev.cutover.verifier.repair;

/** Hears how far a repair has come; called by the thread that repairs. */
@FunctionalInterface
public interface RepairListener {
    RepairListener SILENT = (what, done, of) -> {};

    void progress(String what, int done, int of);
}
