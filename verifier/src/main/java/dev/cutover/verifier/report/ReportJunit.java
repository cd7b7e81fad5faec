package dev.cutover.verifier.report;

import dev.cutover.verifier.Difference;
import dev.cutover.verifier.DifferenceKind;
import dev.cutover.verifier.HeatMap;
import dev.cutover.verifier.TableResult;
import dev.cutover.verifier.Verdict;
import dev.cutover.verifier.VerificationReport;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A report as JUnit XML: a suite a table, a case a physical table and one each for routing and quarantine, and a suite of the run whose case
 * fails unless the verdict is EQUAL.
 */
final class ReportJunit {
    private static final int KEYS = 10;
    private static final Set<DifferenceKind> ROUTING = Set.of(DifferenceKind.MISROUTED, DifferenceKind.DUPLICATE);

    private final VerificationReport report;

    /** One suite. */
    private record Suite(String name, double seconds, List<Case> cases) {}

    /** One case; no text where it passed. */
    private record Case(String name, Result result, String message, String text) {}

    /** What became of a case. */
    private enum Result {
        PASSED,
        FAILED,
        SKIPPED
    }

    private ReportJunit(VerificationReport report) {
        this.report = report;
    }

    static String of(VerificationReport report) {
        return new ReportJunit(report).write();
    }

    private String write() {
        List<Suite> suites = new ArrayList<>();
        suites.add(run());
        report.tables().forEach(table -> suites.add(suite(table)));
        StringBuilder xml = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        xml.append("<testsuites name=\"")
                .append(Escaped.of("verification of " + report.migration()))
                .append('"');
        counts(xml, suites.stream().flatMap(suite -> suite.cases().stream()).toList());
        xml.append(">\n");
        suites.forEach(suite -> write(xml, suite));
        return xml.append("</testsuites>\n").toString();
    }

    private Suite run() {
        List<Case> cases = new ArrayList<>();
        cases.add(
                report.verdict() == Verdict.EQUAL
                        ? passed("verdict")
                        : new Case(
                                "verdict",
                                Result.FAILED,
                                report.verdict() + ": " + Words.count(report.differenceCount(), "difference"),
                                String.join("\n", report.unsettled())));
        report.notChecked().forEach(what -> cases.add(new Case("not checked: " + what, Result.SKIPPED, what, "")));
        return new Suite("run", 0, cases);
    }

    private Suite suite(TableResult table) {
        List<Difference> differences = report.differences().stream()
                .filter(difference -> difference.table().equals(table.table()))
                .toList();
        List<Case> cases = new ArrayList<>();
        Map<Integer, long[]> places = new LinkedHashMap<>();
        for (HeatMap.Row row : table.heatMap().rows()) {
            for (HeatMap.Cell cell : row.cells()) {
                long[] sums = places.computeIfAbsent(cell.column(), any -> new long[2]);
                sums[0] += cell.different();
                sums[1] += cell.hot();
            }
        }
        for (int i = 0; i < table.heatMap().columns().size(); i++) {
            HeatMap.Column column = table.heatMap().columns().get(i);
            long[] sums = places.getOrDefault(i, new long[2]);
            cases.add(
                    sums[0] + sums[1] == 0
                            ? passed("content of " + column.name())
                            : new Case(
                                    "content of " + column.name(),
                                    Result.FAILED,
                                    Words.count(sums[0], "row") + " different, " + Words.number(sums[1])
                                            + " not settled",
                                    text(differences.stream()
                                            .filter(difference ->
                                                    column.covers(difference.database(), difference.physicalTable()))
                                            .toList())));
        }
        cases.add(ofKinds("routing", table, differences, ROUTING));
        cases.add(ofKinds("quarantine", table, differences, Set.of(DifferenceKind.QUARANTINE)));
        // Where there is no map, the table itself is the case.
        if (table.heatMap().columns().isEmpty()) {
            cases.add(
                    table.differences() + table.hot() == 0
                            ? passed("rows")
                            : new Case(
                                    "rows",
                                    Result.FAILED,
                                    Words.count(table.differences(), "row") + " different, " + Words.number(table.hot())
                                            + " not settled",
                                    text(differences)));
        }
        return new Suite(table.table(), table.millis() / 1_000.0, cases);
    }

    private static Case ofKinds(
            String name, TableResult table, List<Difference> differences, Set<DifferenceKind> kinds) {
        long count = kinds.stream()
                .mapToLong(kind -> table.kinds().getOrDefault(kind, 0L))
                .sum();
        return count == 0
                ? passed(name)
                : new Case(
                        name,
                        Result.FAILED,
                        Words.count(count, "row"),
                        text(differences.stream()
                                .filter(difference -> kinds.contains(difference.kind()))
                                .toList()));
    }

    private static Case passed(String name) {
        return new Case(name, Result.PASSED, "", "");
    }

    private static String text(List<Difference> differences) {
        StringBuilder text = new StringBuilder();
        for (Difference difference : differences.subList(0, Math.min(KEYS, differences.size()))) {
            text.append(difference.kind())
                    .append(" key ")
                    .append(Words.key(difference.sourceKey() == null ? difference.targetKey() : difference.sourceKey()))
                    .append(
                            difference.differingColumns().isEmpty()
                                    ? ""
                                    : " columns " + String.join(", ", difference.differingColumns()))
                    .append(difference.hint().isEmpty() ? "" : " hint: " + difference.hint())
                    .append('\n');
            if (!difference.sourceSql().isEmpty()) {
                text.append("  OLD> ").append(difference.sourceSql()).append(";\n");
            }
            text.append("  NEW> ").append(difference.targetSql()).append(";\n");
        }
        if (differences.size() > KEYS) {
            text.append("and ").append(differences.size() - KEYS).append(" more in differences.ndjson\n");
        }
        return text.toString();
    }

    private void write(StringBuilder xml, Suite suite) {
        xml.append("  <testsuite name=\"").append(Escaped.of(suite.name())).append('"');
        counts(xml, suite.cases());
        xml.append(" timestamp=\"")
                .append(Escaped.of(report.startedAt().toString()))
                .append("\" time=\"")
                .append(String.format(Locale.ROOT, "%.3f", suite.seconds()))
                .append("\">\n    <properties>\n");
        property(xml, "runId", report.runId());
        property(xml, "planHash", report.planHash());
        property(xml, "verdict", report.verdict().name());
        property(xml, "finishedAt", report.finishedAt().toString());
        new TreeMap<>(report.positions()).forEach((database, gtids) -> property(xml, "position." + database, gtids));
        xml.append("    </properties>\n");
        suite.cases().forEach(of -> write(xml, suite, of));
        xml.append("  </testsuite>\n");
    }

    private void write(StringBuilder xml, Suite suite, Case of) {
        xml.append("    <testcase classname=\"")
                .append(Escaped.of(report.migration() + "." + suite.name()))
                .append("\" name=\"")
                .append(Escaped.of(of.name()))
                .append("\" time=\"0\"");
        switch (of.result()) {
            case PASSED -> xml.append("/>\n");
            case FAILED ->
                xml.append(">\n      <failure type=\"")
                        .append(report.verdict())
                        .append("\" message=\"")
                        .append(Escaped.of(of.message()))
                        .append("\">")
                        .append(Escaped.of(of.text()))
                        .append("</failure>\n    </testcase>\n");
            case SKIPPED ->
                xml.append(">\n      <skipped message=\"")
                        .append(Escaped.of(of.message()))
                        .append("\"/>\n    </testcase>\n");
        }
    }

    private static void property(StringBuilder xml, String name, String value) {
        xml.append("      <property name=\"")
                .append(Escaped.of(name))
                .append("\" value=\"")
                .append(Escaped.of(value))
                .append("\"/>\n");
    }

    private static void counts(StringBuilder xml, List<Case> cases) {
        xml.append(" tests=\"")
                .append(cases.size())
                .append("\" failures=\"")
                .append(cases.stream()
                        .filter(of -> of.result() == Result.FAILED)
                        .count())
                .append("\" errors=\"0\" skipped=\"")
                .append(cases.stream()
                        .filter(of -> of.result() == Result.SKIPPED)
                        .count())
                .append('"');
    }
}
