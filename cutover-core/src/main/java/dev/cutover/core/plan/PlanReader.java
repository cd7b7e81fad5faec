package dev.cutover.core.plan;

import java.nio.file.Path;

/** Turns a plan file into a {@link MigrationPlan}, or refuses it with every problem at once. */
public final class PlanReader {
    private PlanReader() {}

    /** Reads a plan; passwords written in place are refused. */
    public static MigrationPlan read(Path file) {
        return read(file, false);
    }

    /** Reads a plan. */
    public static MigrationPlan read(Path file, boolean inlineSecretsAllowed) {
        throw new UnsupportedOperationException();
    }

    /** {@code $CUTOVER_CONFIG}, else {@code ./cutover.yaml}. */
    public static Path defaultPath() {
        String configured = System.getenv("CUTOVER_CONFIG");
        return Path.of(configured == null || configured.isBlank() ? "cutover.yaml" : configured);
    }
}
