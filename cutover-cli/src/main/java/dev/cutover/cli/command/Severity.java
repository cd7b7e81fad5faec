package dev.cutover.cli.command;

/** How much it takes to agree to a command. */
enum Severity {
    /** Runs, and says how to undo it. */
    MILD,
    /** Shows what it will do and asks; scripts say {@code --yes}. */
    MODERATE,
    /** Wants the migration's name typed; scripts say {@code --confirm} and {@code --reason}. */
    SEVERE
}
