package dev.cutover.verifier.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.verifier.HeatMap;
import dev.cutover.verifier.VerificationReport;
import dev.cutover.verifier.reveal.RevealedRow;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class ReportFormsTest {
    private static final VerificationReport HUGE = MadeUpReport.huge();

    @TempDir
    Path folder = Path.of("");

    @Test
    void theJsonAndEachLineOfDifferencesAreAsTheSchemaSays() {
        SchemaCheck.report(HUGE.toJson());
        HUGE.differences().forEach(difference -> SchemaCheck.difference(ReportJson.of(difference)));
        assertThatThrownBy(() -> SchemaCheck.report(HUGE.toJson().replaceFirst("\"runId\"", "\"runIdentity\"")))
                .isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> SchemaCheck.difference(
                        ReportJson.of(HUGE.differences().get(1)).replaceFirst("\\{", "{\"value\": \"secret\", ")))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void aHugeReportStaysSmallAndReadsBack() {
        assertThat(HUGE.toJson()).hasSizeLessThan(1_000_000);
        assertThat(ReportPage.of(HUGE, Map.of())).hasSizeLessThan(1_500_000);
        VerificationReport read = ReportReader.read(HUGE.toJson()).orElseThrow();
        assertThat(read.tables()).isEqualTo(HUGE.tables());
        assertThat(read.positions()).isEqualTo(HUGE.positions());
    }

    @Test
    void nothingInARowBreaksOutOfThePage() {
        String page = ReportPage.of(HUGE, Map.of());
        assertThat(page)
                .contains(
                        "&lt;/style&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;\\u0000\\u0007\\uFFFE")
                .contains("\\uD800\\u202E]]&gt;𝄞 券")
                .doesNotContain("<script")
                .doesNotContain("style=\"")
                .doesNotContain("http://")
                .doesNotContain("https://");
        assertThat(page.chars().filter(c -> c < ' ' && c != '\n')).isEmpty();
    }

    @Test
    void theOnlyStyleIsTheOneWhoseDigestThePolicyNames() throws Exception {
        String page = ReportPage.of(HUGE, Map.of());
        Matcher style = Pattern.compile("(?s)<style>(.*?)</style>").matcher(page);
        assertThat(style.find()).isTrue();
        String digest = Base64.getEncoder()
                .encodeToString(MessageDigest.getInstance("SHA-256")
                        .digest(style.group(1).getBytes(java.nio.charset.StandardCharsets.UTF_8)));
        assertThat(page).contains("default-src 'none'").contains("style-src 'sha256-" + digest + "'");
        assertThat(style.find()).isFalse();
    }

    @Test
    void thePageSaysHowManyAreNotListedAndCutsNoKey() {
        String page = ReportPage.of(HUGE, Map.of());
        assertThat(page)
                .contains("200 of 1,300 differences listed. 300 are in verification.json and differences.ndjson."
                        + " 1,000 were counted only.")
                .contains("15,800 key ranges × 1,024 physical tables, drawn as 200 × 128")
                .contains("4 differences in the quarantine of this table have no place in the map")
                .contains("<li>columns of user_coupon that only NEW has: version</li>")
                .contains("6,320 key ranges had been proven before");
        assertThat(page.split("<article>", -1)).hasSize(201);
    }

    @Test
    void eachPlaceThatWasNotEqualAtOnceIsDrawnWithItsTitle() {
        String page = ReportPage.of(HUGE, Map.of());
        for (HeatMap.Row row : HUGE.tables().get(0).heatMap().rows()) {
            for (HeatMap.Cell cell : row.cells()) {
                String name = HUGE.tables()
                        .get(0)
                        .heatMap()
                        .columns()
                        .get(cell.column())
                        .name();
                assertThat(page).contains("<title>" + name + ", " + Words.keys(row) + ": " + cell.state() + " (");
            }
        }
    }

    @Test
    void theJunitReportIsWellFormedAndFailsForEachTableThatDiffers() throws Exception {
        Document document = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(ReportJunit.of(HUGE))));
        Element root = document.getDocumentElement();
        NodeList failures = root.getElementsByTagName("failure");
        assertThat(root.getAttribute("failures")).isEqualTo(Integer.toString(failures.getLength()));
        assertThat(root.getAttribute("tests"))
                .isEqualTo(
                        Integer.toString(root.getElementsByTagName("testcase").getLength()));
        // Different in 5 columns, not settled in 4, the quarantine, the verdict.
        assertThat(failures.getLength()).isEqualTo(11);
        assertThat(root.getElementsByTagName("skipped").getLength()).isEqualTo(1);
        assertThat(((Element) failures.item(0)).getAttribute("message")).isEqualTo("DIFFERENT: 1,300 differences");
        assertThat(ReportJunit.of(HUGE))
                .contains("<property name=\"position.old\" value=\"3e11fa47")
                .contains("<property name=\"runId\" value=\"verify-1\"/>")
                .contains("NEW&gt; SELECT `created_at`");
    }

    @Test
    void filesAreWrittenWholeWithAChecksumThatFits() throws Exception {
        List<Path> files = ReportFiles.write(HUGE, EnumSet.allOf(ReportFormat.class), Map.of(), folder.resolve("a/b"));
        assertThat(files)
                .extracting(file -> file.getFileName().toString())
                .containsExactly(
                        "verification.html",
                        "verification.json",
                        "verification.json.sha256",
                        "verification.junit.xml",
                        "differences.ndjson");
        try (Stream<Path> there = Files.list(folder.resolve("a/b"))) {
            assertThat(there).containsExactlyInAnyOrderElementsOf(files);
        }
        assertThat(Files.readString(files.get(2)))
                .isEqualTo(ReportFiles.sha256(Files.readString(files.get(1))) + "  verification.json\n");
        assertThat(Files.readAllLines(files.get(4))).hasSize(300);
    }

    @Test
    void whatCannotBeWrittenLeavesNothingBehind() throws IOException {
        Files.createDirectories(folder.resolve("verification.json/full"));
        assertThatThrownBy(() -> ReportFiles.write(HUGE, Set.of(ReportFormat.JSON), Map.of(), folder))
                .isInstanceOf(ReportNotWrittenException.class)
                .hasMessageContaining(folder.toString());
        try (Stream<Path> there = Files.list(folder)) {
            assertThat(there).containsExactly(folder.resolve("verification.json"));
        }
    }

    @Test
    void valuesAreInThePageOnlyWhichIsThenItsOwnersAlone() throws IOException {
        RevealedRow row = new RevealedRow(
                true, true, List.of(new RevealedRow.Column("created_at", "<canary-old>", null)), List.of("digest"));
        List<Path> files = ReportFiles.write(HUGE, EnumSet.allOf(ReportFormat.class), Map.of(0, row), folder);
        assertThat(Files.readString(files.get(0)))
                .contains("&lt;canary-old&gt;")
                .contains("Masked by the plan and not read: digest.")
                .contains("This page holds values of rows.");
        assertThat(Files.getPosixFilePermissions(files.get(0))).hasSize(2);
        for (Path file : files.subList(1, files.size())) {
            assertThat(Files.readString(file)).doesNotContain("canary");
        }
    }
}
