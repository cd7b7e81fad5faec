package dev.cutover.verifier;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.core.stage.VerificationRecord;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.verifier.report.ReportFiles;
import dev.cutover.verifier.report.ReportFormat;
import dev.cutover.verifier.report.ReportReader;
import dev.cutover.verifier.report.SchemaCheck;
import dev.cutover.verifier.reveal.Reveal;
import dev.cutover.verifier.reveal.RevealedRow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReportIT {
    private static final DatabaseId SHARD_0 = DatabaseId.shard(0);
    private static final DatabaseId SHARD_1 = DatabaseId.shard(1);
    private static final String OLD_CANARY = "KANARIENVOGEL-ALT";
    private static final String NEW_CANARY = "KANARIENVOGEL-NEU";
    private static final String HOSTILE = "<script>alert(1)</script>&\"";

    @TempDir
    Path folder = Path.of("");

    private Migration migration;
    private String thing = "";

    @BeforeAll
    void copyTheMall() throws Exception {
        migration = Migration.create(2, 4, 1_500, 50);
        migration.copyAll();
        thing = migration.value(SHARD_0, "SELECT MIN(thing_id) FROM thing_000");
    }

    @AfterAll
    void drop() {
        migration.close();
    }

    private VerificationReport verify() {
        VerificationReport report =
                migration.verifier().verifyOnce(new VerifyOptions(Set.of(), true, VerifyListener.SILENT));
        VerificationRecord kept = migration.control.verification(report.runId()).orElseThrow();
        // As the control database gives it back, which sorts the members of an object.
        assertThat(ReportReader.read(kept.reportJson())).contains(report);
        return report;
    }

    private void plant() throws SQLException {
        String id = migration.value(SHARD_0, "SELECT thing_id >> 10 FROM thing_000 WHERE thing_id = " + thing);
        migration.execute(DatabaseId.OLD, "UPDATE old_thing SET note = '" + OLD_CANARY + "' WHERE id = " + id);
        migration.execute(
                SHARD_0,
                "UPDATE thing_000 SET note = '" + NEW_CANARY + "', digest = 'KANARIENVOGEL-MASKE' WHERE thing_id = "
                        + thing);
        migration.execute(SHARD_1, "DELETE FROM user_coupon_002 ORDER BY coupon_id LIMIT 1");
        migration.execute(
                DatabaseId.OLD,
                "INSERT INTO mall_coupon_operation VALUES (7, '" + HOSTILE
                        + "', REPEAT('f', 64), '{}', '2026-01-01 00:00:00')");
    }

    private void mend() throws SQLException {
        migration.execute(DatabaseId.OLD, "UPDATE old_thing SET note = 'x' WHERE note = '" + OLD_CANARY + "'");
        migration.execute(DatabaseId.OLD, "DELETE FROM mall_coupon_operation WHERE op_id = '" + HOSTILE + "'");
        migration.copyAll();
    }

    private List<Path> write(VerificationReport report, Map<Integer, RevealedRow> revealed) throws IOException {
        List<Path> files = ReportFiles.write(report, EnumSet.allOf(ReportFormat.class), revealed, folder);
        Path kept = Files.createDirectories(
                Path.of("target", "reports", report.verdict().name()));
        for (Path file : files) {
            Files.write(kept.resolve(file.getFileName()), Files.readAllBytes(file));
        }
        return files;
    }

    @Test
    void aReportOfEqualSidesSaysHowOldAndWhatWasNotChecked() throws IOException {
        VerificationReport report = verify();
        assertThat(report.verdict()).isEqualTo(Verdict.EQUAL);
        List<Path> files = write(report, Map.of());
        String page = Files.readString(files.get(0));
        assertThat(page).contains("✓ EQUAL").contains("What was not checked").doesNotContain("✗");
        SchemaCheck.report(Files.readString(files.get(1)));
        assertThat(files.get(4)).isEmptyFile();
        assertThat(report.positions()).containsKeys("old", "meta", "shard-0", "shard-1");
        assertThat(report.positions().get("old")).contains(":");
        for (TableResult table : report.tables()) {
            assertThat(table.heatMap().rows().stream()
                            .mapToInt(HeatMap.Row::ranges)
                            .sum())
                    .isEqualTo(table.ranges());
            assertThat(table.heatMap().rows().stream()
                            .mapToLong(HeatMap.Row::sourceRows)
                            .sum())
                    .isEqualTo(table.sourceRows());
            assertThat(table.heatMap().rows())
                    .allSatisfy(row -> assertThat(row.readFrom()).isBetween(report.startedAt(), report.finishedAt()));
        }
    }

    @Test
    void whatDiffersIsInEveryFormAndItsValuesAreInNone() throws Exception {
        plant();
        try {
            VerificationReport report = verify();
            assertThat(report.verdict()).isEqualTo(Verdict.DIFFERENT);
            List<Path> files = write(report, Map.of());
            for (Path file : files) {
                assertThat(Files.readString(file)).doesNotContain("KANARIENVOGEL");
            }
            SchemaCheck.report(Files.readString(files.get(1)));
            List<String> lines = Files.readAllLines(files.get(4));
            assertThat(lines).hasSize(3).allSatisfy(SchemaCheck::difference);
            ObjectMapper json = new ObjectMapper();
            assertThat(json.readTree(Files.readString(files.get(1))).path("differences"))
                    .hasSize(3)
                    .allSatisfy(node -> assertThat(lines).contains(node.toString()));
            assertThat(Files.readString(files.get(0)))
                    .contains("✗ DIFFERENT")
                    .contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;")
                    .contains("shard-0.thing_000")
                    .doesNotContain("<script");
            assertThat(Files.readString(files.get(3)))
                    .contains("content of shard-0.thing_000")
                    .contains("content of shard-1.user_coupon_002");
            assertThat(differing(report))
                    .containsExactlyInAnyOrder(
                            "thing shard-0.thing_000",
                            "user_coupon shard-1.user_coupon_002",
                            "coupon_operation " + operationPlace(report));
        } finally {
            mend();
        }
    }

    @Test
    void bytesThatAreNoTextAreNotTakenForNull() throws SQLException {
        migration.execute(SHARD_0, "UPDATE thing_000 SET digest = 'text' WHERE thing_id = " + thing);
        try {
            assertThat(verify().differences()).singleElement().satisfies(difference -> {
                assertThat(difference.differingColumns()).containsExactly("digest");
                assertThat(difference.hint()).isEmpty();
            });
        } finally {
            migration.copy("thing");
        }
    }

    private static String operationPlace(VerificationReport report) {
        return report.differences().stream()
                .filter(difference -> difference.table().equals("coupon_operation"))
                .map(difference -> difference.database() + "." + difference.physicalTable())
                .findFirst()
                .orElseThrow();
    }

    private static List<String> differing(VerificationReport report) {
        return report.tables().stream()
                .flatMap(table -> table.heatMap().rows().stream()
                        .flatMap(row -> row.cells().stream())
                        .filter(cell -> cell.state() == HeatMap.State.DIFFERENT)
                        .map(cell -> table.table() + " "
                                + table.heatMap().columns().get(cell.column()).name()))
                .toList();
    }

    @Test
    void revealedValuesAreInThePageAndMaskedOnesAreNotEvenRead() throws Exception {
        plant();
        try {
            VerificationReport report = verify();
            Map<Integer, RevealedRow> rows =
                    new Reveal(migration.plan, migration.topology).rows(report.differences(), 100);
            assertThat(rows).hasSize(3);
            List<Path> files = write(report, rows);
            assertThat(Files.readString(files.get(0)))
                    .contains(OLD_CANARY)
                    .contains(NEW_CANARY)
                    .contains("Masked by the plan and not read: digest.")
                    .doesNotContain("MASKE")
                    .doesNotContain("4B414E41");
            for (Path file : files.subList(1, files.size())) {
                assertThat(Files.readString(file)).doesNotContain("KANARIENVOGEL");
            }
            RevealedRow ofThing = rows.values().stream()
                    .filter(row -> row.columns().stream()
                            .anyMatch(column -> column.name().equals("note")))
                    .findFirst()
                    .orElseThrow();
            assertThat(ofThing.columns()).extracting(RevealedRow.Column::name).containsExactly("thing_id", "note");
        } finally {
            mend();
        }
    }

    @Test
    void ofALongValueAKilobyteIsShown() throws Exception {
        migration.execute(SHARD_0, "UPDATE thing_000 SET note = REPEAT('券', 5000) WHERE thing_id = " + thing);
        try {
            VerificationReport report = verify();
            RevealedRow row = new Reveal(migration.plan, migration.topology)
                    .rows(report.differences(), 1)
                    .get(0);
            assertThat(row).isNotNull();
            assertThat(row.columns().get(1).target()).isEqualTo("券".repeat(341) + " … (cut at 1 KB)");
        } finally {
            migration.copy("thing");
        }
    }
}
