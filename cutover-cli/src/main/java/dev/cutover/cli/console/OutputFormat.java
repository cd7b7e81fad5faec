package dev.cutover.cli.console;

/** What standard output carries. */
public enum OutputFormat {
    TEXT,
    JSON
}
