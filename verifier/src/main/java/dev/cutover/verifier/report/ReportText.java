package dev.cutover.verifier.report;

import dev.cutover.core.row.RowKey;
import dev.cutover.verifier.Certificate;
import dev.cutover.verifier.Difference;
import dev.cutover.verifier.Resumed;
import dev.cutover.verifier.TableResult;
import dev.cutover.verifier.VerificationReport;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A report for people: the verdict first, then what it rests on. */
public final class ReportText {
    // More is for programs: they get the JSON.
    private static final int LISTED = 100;

    private ReportText() {}

    public static String of(VerificationReport report) {
        StringBuilder text = new StringBuilder();
        line(
                text,
                "%s  %,d rows, %,d cells, %,d differences, %,d in quarantine, %.1f s",
                report.verdict(),
                report.rowsCompared(),
                report.cells(),
                report.differenceCount(),
                report.quarantined(),
                Duration.between(report.startedAt(), report.finishedAt()).toMillis() / 1000.0);
        line(
                text,
                "run %s, migration %s, plan %s, truth %s, %s, started %s",
                report.runId(),
                report.migration(),
                report.planHash().substring(0, Math.min(12, report.planHash().length())),
                report.truth(),
                report.quiesced() ? "nothing moves" : "streams running",
                report.startedAt());
        Resumed resumed = report.resumed();
        if (resumed != null) {
            line(
                    text,
                    "went on with run %s, which began %s: %d ranges were proven before",
                    resumed.runId(),
                    resumed.startedAt(),
                    resumed.ranges());
        }
        report.unsettled().forEach(reason -> line(text, "not settled: %s", reason));
        text.append('\n');
        line(
                text,
                "%-24s %7s %9s %8s %12s %12s %10s %9s %8s %7s",
                "table",
                "ranges",
                "cells",
                "drilled",
                "rows OLD",
                "rows NEW",
                "quarantine",
                "differ",
                "settled",
                "hot");
        for (TableResult table : report.tables()) {
            line(
                    text,
                    "%-24s %7d %9d %8d %12d %12d %10d %9d %8d %7d",
                    table.table(),
                    table.ranges(),
                    table.cells(),
                    table.unequalCells(),
                    table.sourceRows(),
                    table.targetRows(),
                    table.quarantined(),
                    table.differences(),
                    table.settled(),
                    table.hot());
        }
        if (!report.differences().isEmpty()) {
            List<Difference> listed = report.differences()
                    .subList(0, Math.min(LISTED, report.differences().size()));
            line(text, "%ndifferences (%d of %d listed)", listed.size(), report.differenceCount());
            listed.forEach(difference -> difference(text, difference));
        }
        line(text, "%nself-test: found %s", String.join(", ", report.selfTest()));
        report.notChecked().forEach(what -> line(text, "not checked: %s", what));
        report.sessions().entrySet().stream()
                .sorted(java.util.Map.Entry.comparingByKey())
                .forEach(session -> line(
                        text,
                        "session %s: %s",
                        session.getKey(),
                        session.getValue().entrySet().stream()
                                .sorted(java.util.Map.Entry.comparingByKey())
                                .map(Object::toString)
                                .collect(Collectors.joining(", "))));
        return text.toString();
    }

    private static void difference(StringBuilder text, Difference difference) {
        line(
                text,
                "  %s %s key %s%s: %s.%s%s%s",
                difference.kind(),
                difference.table(),
                key(difference.sourceKey()),
                difference.targetKey() == null ? "" : " (NEW " + key(difference.targetKey()) + ")",
                difference.database(),
                difference.physicalTable(),
                columns(difference.differingColumns()),
                difference.hint().isEmpty() ? "" : "  hint: " + difference.hint());
        Certificate certificate = difference.certificate();
        line(
                text,
                "    certificate: %s; OLD %s, NEW %s at %s",
                String.join("; then ", certificate.applied()),
                hash(certificate.sourceHash()),
                hash(certificate.targetHash()),
                certificate.at());
        if (!difference.sourceSql().isEmpty()) {
            line(text, "    OLD> %s;", difference.sourceSql());
        }
        line(text, "    NEW> %s;", difference.targetSql());
    }

    private static String columns(List<String> names) {
        return names.isEmpty() ? "" : "  columns " + String.join(", ", names);
    }

    private static String key(@Nullable RowKey key) {
        return key == null ? "unknown" : String.join(",", key.parts());
    }

    private static String hash(@Nullable String hash) {
        return hash == null ? "absent" : hash.substring(0, Math.min(16, hash.length()));
    }

    private static void line(StringBuilder text, String format, @Nullable Object... arguments) {
        text.append(String.format(Locale.ROOT, format, arguments)).append('\n');
    }
}
