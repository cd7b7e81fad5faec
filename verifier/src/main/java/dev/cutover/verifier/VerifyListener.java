package dev.cutover.verifier;

/** Hears how far a verification has come; called from several threads, one at a time. */
public interface VerifyListener {
    VerifyListener SILENT = progress -> {};

    void progress(VerifyProgress progress);
}
