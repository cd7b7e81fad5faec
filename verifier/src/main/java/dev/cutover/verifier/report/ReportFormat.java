package dev.cutover.verifier.report;

/** The forms in which a report can be written into a folder. */
public enum ReportFormat {
    /** For the one who decides: one page without any request. */
    HTML,
    /** For programs, with a checksum beside it. */
    JSON,
    /** For a CI system. */
    JUNIT,
    /** One difference a line, for whoever repairs them. */
    NDJSON
}
