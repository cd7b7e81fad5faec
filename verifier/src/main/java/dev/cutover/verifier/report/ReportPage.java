package dev.cutover.verifier.report;

import dev.cutover.verifier.Difference;
import dev.cutover.verifier.DifferenceKind;
import dev.cutover.verifier.HeatMap;
import dev.cutover.verifier.Resumed;
import dev.cutover.verifier.TableResult;
import dev.cutover.verifier.Verdict;
import dev.cutover.verifier.VerificationReport;
import dev.cutover.verifier.reveal.RevealedRow;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A report as one page: it asks for nothing, runs nothing, and says with words what it says with colours. Owned by one thread.
 *
 * <p>In the order of the questions of somebody who decides a cutover: what is the verdict, how old and how wide is it, where is it not so, and
 * what was not looked at.
 */
final class ReportPage {
    /** Differences a table on the page; the other forms have all that were kept. */
    static final int LISTED = 200;

    private static final int PLACES_LISTED = 50;

    private final VerificationReport report;
    private final Map<Integer, RevealedRow> revealed;
    private final StringBuilder page = new StringBuilder();

    private ReportPage(VerificationReport report, Map<Integer, RevealedRow> revealed) {
        this.report = report;
        this.revealed = revealed;
    }

    static String of(VerificationReport report, Map<Integer, RevealedRow> revealed) {
        ReportPage page = new ReportPage(report, revealed);
        page.write();
        return page.page.toString();
    }

    private void write() {
        String style = ReportSchema.resource("/dev/cutover/verifier/report/report.css");
        add("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        add(
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src 'sha256-"
                        + digest(style) + "'\">\n");
        add("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        add("<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
        add("<link rel=\"icon\" href=\"data:,\">\n");
        add("<title>" + text(report.verdict() + ": " + report.migration() + ", " + report.runId()) + "</title>\n");
        add("<style>" + style + "</style>\n</head>\n<body>\n<main>\n");
        verdict();
        notChecked();
        totals();
        heatMaps();
        differences();
        open();
        method();
        add("<footer>Run " + text(report.runId()) + ", plan " + text(report.planHash()) + ". "
                + (revealed.isEmpty()
                        ? "This page holds keys and column names, and no value of a row."
                        : "This page holds values of rows. Keep it where such values belong.")
                + "</footer>\n</main>\n</body>\n</html>\n");
    }

    private static String digest(String style) {
        try {
            return Base64.getEncoder()
                    .encodeToString(
                            MessageDigest.getInstance("SHA-256").digest(style.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java has SHA-256.", e);
        }
    }

    private void verdict() {
        add("<h1>Verification of " + text(report.migration()) + "</h1>\n");
        add("<div class=\"verdict " + report.verdict().name().toLowerCase(Locale.ROOT) + "\">\n");
        String rows = Words.count(report.rowsCompared(), "row") + " of OLD in "
                + Words.count(report.tables().size(), "table") + ", " + Words.count(report.cells(), "cell");
        long hot = report.tables().stream().mapToLong(TableResult::hot).sum();
        switch (report.verdict()) {
            case EQUAL -> {
                add("<strong>✓ EQUAL</strong>\n<p>");
                add(
                        rows
                                + ": each stands on NEW in its own place with the same content, and nothing else stands there.");
            }
            case DIFFERENT -> {
                add("<strong>✗ DIFFERENT</strong>\n<p>");
                add("<b>" + Words.count(report.differenceCount(), "row")
                        + (report.differenceCount() == 1 ? " differs" : " differ") + "</b> for certain, of " + rows
                        + ". ");
                add("<a href=\"#differences\">See which</a>. Do not switch.");
            }
            case INCONCLUSIVE -> {
                add("<strong>? INCONCLUSIVE</strong>\n<p>");
                add("No row differs for certain, of " + rows + ", but not everything could be settled. ");
                add("<a href=\"#open\">See what</a>. This is not EQUAL.");
            }
        }
        add("</p>\n");
        if (hot > 0 && report.verdict() == Verdict.DIFFERENT) {
            add("<p>" + Words.count(hot, "more row") + " could not be settled: <a href=\"#open\">see which</a>.</p>\n");
        }
        add("<p>Nothing that this rests on was read before " + Words.time(report.startedAt())
                + " or after " + Words.time(report.finishedAt()) + " ("
                + Words.duration(Duration.between(report.startedAt(), report.finishedAt()))
                + "). The truth was " + text(report.truth()) + "; "
                + (report.quiesced() ? "nothing moved." : "writers and streams were running.") + "</p>\n</div>\n");
        Resumed resumed = report.resumed();
        if (resumed != null) {
            add("<p class=\"notice\">Went on with the interrupted run " + text(resumed.runId()) + " of "
                    + Words.time(resumed.startedAt()) + ": " + Words.count(resumed.ranges(), "key range")
                    + " had been proven before and were not read again.</p>\n");
        }
    }

    private void notChecked() {
        add("<h2 id=\"not-checked\">What was not checked</h2>\n");
        add("<ul>\n");
        report.notChecked().forEach(what -> add("<li>" + text(what) + "</li>\n"));
        add("<li>rows that changed after their key range was read: the age of each range is in its heat map</li>\n");
        if (report.tables().stream().noneMatch(table -> table.quarantined() > 0)) {
            add("<li>rows in quarantine: there are none</li>\n");
        } else {
            add("<li>the content of the " + Words.count(report.quarantined(), "row")
                    + " that OLD rejects: they are in quarantine by key, and not on NEW</li>\n");
        }
        add("</ul>\n");
    }

    private void totals() {
        add("<h2>Tables</h2>\n");
        scroll("Totals of each table");
        add("<table>\n<thead><tr><th>table</th>");
        for (String name : List.of(
                "ranges",
                "cells",
                "rows on OLD",
                "rows on NEW",
                "in quarantine",
                "unequal at first",
                "settled",
                "hot",
                "different",
                "time")) {
            add("<th class=\"number\">" + name + "</th>");
        }
        add("</tr></thead>\n<tbody>\n");
        for (TableResult table : report.tables()) {
            add("<tr><td>" + text(table.table()) + "</td>");
            for (long number : new long[] {
                table.ranges(),
                table.cells(),
                table.sourceRows(),
                table.targetRows(),
                table.quarantined(),
                table.unequalCells(),
                table.settled()
            }) {
                add("<td class=\"number\">" + Words.number(number) + "</td>");
            }
            add(marked(table.hot(), "open", "?") + marked(table.differences(), "bad", "✗"));
            add("<td class=\"number\">" + Words.duration(Duration.ofMillis(table.millis())) + "</td></tr>\n");
        }
        add("</tbody></table></div>\n");
        add(
                "<p class=\"soft\"><b>Unequal at first</b>: cells that were drilled. <b>Settled</b>: rows that were in flight, excused because"
                        + " they were equal once the stream had caught up. <b>Hot</b>: rows that changed each time they were looked at, or whose"
                        + " changes did not arrive in time. <b>Different</b>: rows with a certificate.</p>\n");
    }

    private static String marked(long number, String style, String mark) {
        return number == 0
                ? "<td class=\"number\">0</td>"
                : "<td class=\"number " + style + "\">" + mark + " " + Words.number(number) + "</td>";
    }

    private void heatMaps() {
        add("<h2>Where, and how old</h2>\n");
        List<TableResult> drawn = report.tables().stream()
                .filter(table -> !table.heatMap().rows().isEmpty())
                .toList();
        if (drawn.isEmpty()) {
            add(
                    "<p>This run compared single keys, or is of a version without heat maps: there is nothing to draw.</p>\n");
            return;
        }
        add(
                "<p>Each line is a range of keys, each column a physical table; the number at the end of a line is how long before the end of"
                        + " the run its oldest range was read. Point at a place to read about it.</p>\n");
        legend();
        drawn.forEach(this::heatMap);
    }

    private void legend() {
        add("<ul class=\"legend\">\n");
        legend("age-0", "", "equal, read in the last minute");
        legend("age-1", "", "equal, up to 10 minutes old");
        legend("age-2", "", "equal, up to an hour");
        legend("age-3", "", "equal, older");
        legend("settled", "<circle cx=\"8\" cy=\"8\" r=\"3.5\"/>", "dot: unequal at first, settled");
        legend("hot", "<path d=\"M2 8h12\"/>", "bar: not settled");
        legend("different", "<path d=\"M3 3l10 10m0 -10l-10 10\"/>", "cross: different");
        add("</ul>\n");
    }

    private void legend(String style, String mark, String words) {
        add("<li><svg width=\"16\" height=\"16\" aria-hidden=\"true\"><g class=\"" + style
                + "\"><rect width=\"16\" height=\"16\" rx=\"2\"/>" + mark + "</g></svg>" + words + "</li>\n");
    }

    private void heatMap(TableResult table) {
        HeatMap map = table.heatMap();
        add("<h3>" + text(table.table()) + "</h3>\n");
        long tables = map.columns().stream().mapToLong(HeatMap.Column::tables).sum();
        boolean together =
                tables > map.columns().size() || table.ranges() > map.rows().size();
        add("<p class=\"soft\">" + Words.count(table.ranges(), "key range") + " × "
                + Words.count(tables, "physical table")
                + (together
                        ? ", drawn as " + map.rows().size() + " × "
                                + map.columns().size()
                                + ": neighbours are put together, and a place shows the worst of them"
                        : "")
                + ".</p>\n");
        scroll("Heat map of " + table.table());
        add(HeatMapDrawing.of(table, report.finishedAt()));
        add("</div>\n");
        long quarantine = table.kinds().getOrDefault(DifferenceKind.QUARANTINE, 0L);
        if (quarantine > 0) {
            add("<p class=\"notice\">" + Words.count(quarantine, "difference")
                    + " in the quarantine of this table " + (quarantine == 1 ? "has" : "have")
                    + " no place in the map: <a href=\"#differences\">see the differences</a>.</p>\n");
        }
        places(map);
    }

    private void places(HeatMap map) {
        long all = map.rows().stream().mapToLong(row -> row.cells().size()).sum();
        if (all == 0) {
            return;
        }
        scroll("Places that were not equal at once");
        add(
                "<table>\n<thead><tr><th>place</th><th>keys</th><th>verdict</th><th class=\"number\">settled</th>"
                        + "<th class=\"number\">hot</th><th class=\"number\">different</th><th>read</th></tr></thead>\n<tbody>\n");
        // The worst first: what is cut off at the end is the least of it.
        for (HeatMap.State state : List.of(HeatMap.State.DIFFERENT, HeatMap.State.HOT, HeatMap.State.SETTLED)) {
            for (HeatMap.Row row : map.rows()) {
                for (HeatMap.Cell cell : row.cells()) {
                    if (cell.state() == state) {
                        place(map, row, cell);
                    }
                }
            }
        }
        add("</tbody></table></div>\n");
        if (all > placesListed) {
            add("<p class=\"soft\">" + Words.count(all - placesListed, "more place")
                    + " not listed; all are drawn.</p>\n");
        }
        placesListed = 0;
    }

    private int placesListed;

    private void place(HeatMap map, HeatMap.Row row, HeatMap.Cell cell) {
        if (placesListed == PLACES_LISTED) {
            return;
        }
        placesListed++;
        String style = switch (cell.state()) {
            case DIFFERENT -> "bad\">✗ different";
            case HOT -> "open\">? not settled";
            case SETTLED, EQUAL -> "good\">✓ settled";
        };
        add("<tr><td>" + text(map.columns().get(cell.column()).name()) + "</td><td>" + text(Words.keys(row))
                + "</td><td class=\"" + style + "</td><td class=\"number\">" + Words.number(cell.settled())
                + "</td><td class=\"number\">" + Words.number(cell.hot()) + "</td><td class=\"number\">"
                + Words.number(cell.different()) + "</td><td>" + Words.time(row.readFrom()) + "</td></tr>\n");
    }

    private void differences() {
        add("<h2 id=\"differences\">Differences</h2>\n");
        if (report.differenceCount() == 0) {
            add("<p>None.</p>\n");
            return;
        }
        counts();
        for (TableResult table : report.tables()) {
            if (table.differences() > 0) {
                differences(table);
            }
        }
    }

    private void counts() {
        Map<DifferenceKind, Long> kinds = new TreeMap<>();
        report.tables().forEach(table -> table.kinds().forEach((kind, count) -> kinds.merge(kind, count, Long::sum)));
        scroll("Differences by kind");
        add(
                "<table>\n<thead><tr><th>kind</th><th class=\"number\">rows</th><th>what it is</th></tr></thead>\n<tbody>\n");
        kinds.forEach((kind, count) -> add("<tr><td>" + kind + "</td><td class=\"number\">" + Words.number(count)
                + "</td><td>" + meaning(kind) + "</td></tr>\n"));
        add("</tbody></table></div>\n");
        Map<String, Long> hints = report.differences().stream()
                .filter(difference -> difference.kind() == DifferenceKind.DIFFERENT)
                .collect(Collectors.groupingBy(
                        difference -> !difference.hint().isEmpty()
                                        || difference.differingColumns().isEmpty()
                                ? difference.hint()
                                : "no hint (" + String.join(", ", difference.differingColumns()) + ")",
                        TreeMap::new,
                        Collectors.counting()));
        if (!hints.isEmpty()) {
            add("<p>What probably happened to rows that differ in content:</p>\n<ul>\n");
            hints.forEach((hint, count) -> add("<li>" + Words.count(count, "row") + ": "
                    + (hint.isEmpty() ? "no hint; their columns were not compared one by one" : text(hint))
                    + "</li>\n"));
            add("</ul>\n");
        }
    }

    private static String meaning(DifferenceKind kind) {
        return switch (kind) {
            case MISSING -> "on OLD, nowhere on NEW";
            case EXTRA -> "on NEW, not on OLD";
            case DIFFERENT -> "on both sides in the right table, with other content";
            case MISROUTED -> "on NEW in a table its shard key does not belong to";
            case DUPLICATE -> "on NEW where it belongs, and in another table as well";
            case QUARANTINE -> "rejected by one side only";
        };
    }

    private void differences(TableResult table) {
        List<Integer> ofTable = IntStream.range(0, report.differences().size())
                .filter(i -> report.differences().get(i).table().equals(table.table()))
                .boxed()
                .toList();
        int listed = Math.min(LISTED, ofTable.size());
        add("<h3>" + text(table.table()) + "</h3>\n");
        add("<p class=\"soft\">" + Words.number(listed) + " of " + Words.count(table.differences(), "difference")
                + " listed."
                + (ofTable.size() > listed
                        ? " " + Words.number(ofTable.size()) + " are in verification.json and differences.ndjson."
                        : "")
                + (table.differences() > ofTable.size()
                        ? " " + Words.number(table.differences() - ofTable.size()) + " were counted only."
                        : "")
                + "</p>\n");
        ofTable.subList(0, listed).forEach(this::difference);
    }

    private void difference(int place) {
        Difference difference = report.differences().get(place);
        add("<article>\n<h4><span class=\"bad\">✗ " + difference.kind() + "</span> <span class=\"key\">"
                + text(difference.table() + " "
                        + Words.key(difference.sourceKey() == null ? difference.targetKey() : difference.sourceKey()))
                + "</span></h4>\n<dl class=\"facts\">\n");
        fact("key on OLD", text(Words.key(difference.sourceKey())), true);
        fact("key on NEW", text(difference.targetKey() == null ? "none" : Words.key(difference.targetKey())), true);
        fact("place on NEW", text(difference.database() + "." + difference.physicalTable()), true);
        if (!difference.differingColumns().isEmpty()) {
            fact("columns", text(String.join(", ", difference.differingColumns())), true);
        }
        if (!difference.hint().isEmpty()) {
            fact("hint", text(difference.hint()), false);
        }
        fact(
                "certificate",
                text(String.join("; then ", difference.certificate().applied())) + "<br>seen unequal "
                        + Words.time(difference.certificate().at()) + "; hash on OLD "
                        + hash(difference.certificate().sourceHash()) + ", on NEW "
                        + hash(difference.certificate().targetHash()),
                false);
        add("</dl>\n");
        values(place);
        if (!difference.sourceSql().isEmpty()) {
            add("<p class=\"soft\">On OLD</p><pre>" + text(difference.sourceSql()) + ";</pre>\n");
        }
        add("<p class=\"soft\">On NEW, " + text(difference.database()) + "</p><pre>" + text(difference.targetSql())
                + ";</pre>\n</article>\n");
    }

    private static String hash(@Nullable String hash) {
        return hash == null
                ? "none, the row is not there"
                : "<code>" + text(hash.substring(0, Math.min(16, hash.length()))) + "…</code>";
    }

    private void values(int place) {
        RevealedRow row = revealed.get(place);
        if (row == null) {
            if (!revealed.isEmpty()) {
                add("<p class=\"soft\">No values of this one were read for this page.</p>\n");
            }
            return;
        }
        if (!row.onSource() && !row.onTarget()) {
            add("<p>Neither side holds this row now.</p>\n");
        } else if (row.onSource() && row.onTarget() && row.columns().isEmpty()) {
            add("<p>Read again for this page, no column differs now.</p>\n");
        }
        if (!row.columns().isEmpty()) {
            scroll("Values of the row");
            add("<table>\n<thead><tr><th>column</th><th>on OLD, now</th><th>on NEW, now</th></tr></thead>\n<tbody>\n");
            row.columns()
                    .forEach(column ->
                            add("<tr><td>" + text(column.name()) + "</td>" + value(row.onSource(), column.source())
                                    + value(row.onTarget(), column.target()) + "</tr>\n"));
            add("</tbody></table></div>\n");
        }
        if (!row.masked().isEmpty()) {
            add("<p class=\"soft\">Masked by the plan and not read: " + text(String.join(", ", row.masked()))
                    + ".</p>\n");
        }
    }

    private static String value(boolean there, @Nullable String value) {
        return there
                ? value == null ? "<td class=\"value soft\">NULL</td>" : "<td class=\"value\">" + text(value) + "</td>"
                : "<td class=\"soft\">not there</td>";
    }

    private void open() {
        add("<h2 id=\"open\">What could not be settled</h2>\n");
        if (report.unsettled().isEmpty()) {
            add("<p>Nothing.</p>\n");
            return;
        }
        add("<ul>\n");
        report.unsettled().forEach(reason -> add("<li>" + text(reason) + "</li>\n"));
        add("</ul>\n");
    }

    private void method() {
        add("<h2>Scope and method</h2>\n");
        add(
                "<p>Both sides are read in the shape of NEW, range by range within seconds of each other. A cell is a range of keys of one physical"
                        + " table; it is equal when the number of rows, the sum of the CRC32 of their keys and the XOR of their salted SHA-256 are equal and"
                        + " every row stands in the table its shard key belongs to. The rows of an unequal cell are looked at one by one; a row is different"
                        + " only with a certificate: unequal although everything the truth had shown was applied, and unchanged on the truth meanwhile.</p>\n");
        add("<dl class=\"facts\">\n");
        fact("run", text(report.runId()), true);
        fact("plan", text(report.planHash()), true);
        fact("tables", text(String.join(", ", report.scope())), false);
        fact(
                "self-test",
                report.selfTest().isEmpty()
                        ? "not run: no range was read"
                        : "planted in this run's own aggregates and found: "
                                + text(String.join(", ", report.selfTest())),
                false);
        new TreeMap<>(report.positions())
                .forEach((database, position) -> fact(
                        "position of " + text(database),
                        position.isEmpty() ? "no GTIDs" : text(position.replace(",", ", ")),
                        true));
        add("</dl>\n");
        add(
                "<p class=\"soft\">A position is what the database's server had executed when the run began; every commit in it was there to be"
                        + " read.</p>\n");
        sessions();
        definitions();
    }

    private void sessions() {
        Map<String, Map<String, String>> sessions = new TreeMap<>(report.sessions());
        if (sessions.isEmpty()) {
            return;
        }
        add("<h3>Sessions, as read back</h3>\n");
        Map<String, Map<String, List<String>>> byVariable = new TreeMap<>();
        sessions.forEach((database, variables) -> variables.forEach((name, value) -> byVariable
                .computeIfAbsent(name, any -> new TreeMap<>())
                .merge(value, List.of(database), ReportPage::joined)));
        scroll("Session variables");
        add("<table>\n<thead><tr><th>variable</th><th>value</th><th>databases</th></tr></thead>\n<tbody>\n");
        byVariable.forEach((name, values) -> values.forEach((value, databases) -> add("<tr><td>" + text(name)
                + "</td><td class=\"value\">" + text(value) + "</td><td>"
                + (databases.size() == sessions.size() ? "all" : text(String.join(", ", databases)))
                + "</td></tr>\n")));
        add("</tbody></table></div>\n");
    }

    private static List<String> joined(List<String> some, List<String> more) {
        String[] all = Arrays.copyOf(some.toArray(new String[0]), some.size() + more.size());
        System.arraycopy(more.toArray(new String[0]), 0, all, some.size(), more.size());
        return List.of(all);
    }

    private void definitions() {
        Map<String, String> digests = new TreeMap<>(report.definitions().digests());
        if (digests.isEmpty()) {
            return;
        }
        add("<h3>Definitions</h3>\n");
        add(
                "<p>A digest of how each table was defined from beginning to end. While it is the same, this report is about that table.</p>\n");
        scroll("Digests of definitions");
        add("<table>\n<thead><tr><th>table</th><th>digest</th></tr></thead>\n<tbody>\n");
        digests.forEach((table, digest) ->
                add("<tr><td>" + text(table) + "</td><td class=\"value\">" + text(digest) + "</td></tr>\n"));
        add("</tbody></table></div>\n");
    }

    private void fact(String name, String html, boolean code) {
        add("<dt>" + name + "</dt><dd>" + (code ? "<code>" + html + "</code>" : html) + "</dd>\n");
    }

    private void scroll(String label) {
        add("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" + text(label) + "\">\n");
    }

    private static String text(String text) {
        return Escaped.of(text);
    }

    private void add(String html) {
        page.append(html);
    }
}
