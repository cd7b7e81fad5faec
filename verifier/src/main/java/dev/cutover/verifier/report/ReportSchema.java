package dev.cutover.verifier.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** The published JSON schema of a report; a line of {@code differences.ndjson} is its {@code $defs/difference}. */
public final class ReportSchema {
    public static final String KIND = "VerificationReport";
    private static final String NAME = "/dev/cutover/verifier/report/verification-report-v1.schema.json";

    private ReportSchema() {}

    public static String text() {
        return resource(NAME);
    }

    static String resource(String name) {
        try (InputStream stream = Objects.requireNonNull(ReportSchema.class.getResourceAsStream(name), name)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("The resource " + name + " could not be read.", e);
        }
    }
}
