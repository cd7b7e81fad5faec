package dev.cutover.verifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.core.row.RowKey;
import dev.cutover.core.stage.VerificationRecord;
import dev.cutover.core.topology.DatabaseId;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VerifierIT {
    private static final String VALID_TO = "SELECT valid_to FROM user_coupon_003 WHERE coupon_id = ";
    private static final DatabaseId SHARD_0 = DatabaseId.shard(0);
    private static final DatabaseId SHARD_1 = DatabaseId.shard(1);

    private Migration migration;

    @BeforeAll
    void copyTheMall() throws Exception {
        migration = Migration.create(2, 4, 1_500, 200);
        migration.copyAll();
    }

    @AfterAll
    void drop() {
        migration.close();
    }

    @Test
    void aRightCopyIsEqualInEveryTableAndItsReportIsKept() {
        List<VerifyProgress> heard = new CopyOnWriteArrayList<>();
        VerificationReport report = migration.verifier().verifyOnce(new VerifyOptions(Set.of(), true, heard::add));
        assertThat(report.verdict()).isEqualTo(Verdict.EQUAL);
        assertThat(report.differences()).isEmpty();
        assertThat(report.tables()).hasSize(migration.plan.tables().size());
        assertThat(report.tables()).allSatisfy(table -> {
            assertThat(table.sourceRows()).isPositive().isEqualTo(table.targetRows());
            assertThat(table.unequalCells()).isZero();
        });
        assertThat(report.quarantined()).isPositive();
        assertThat(report.selfTest()).contains("one bit", "one key", "one row", "one shard", "one swap");
        assertThat(report.notChecked()).anyMatch(what -> what.contains("claim_seq"));
        assertThat(report.sessions()).containsKeys("old", "meta", "shard-0", "shard-1");
        VerificationRecord kept = migration.control.lastVerification().orElseThrow();
        assertThat(kept.runId()).isEqualTo(report.runId());
        assertThat(kept.verdict()).isEqualTo(VerificationRecord.Verdict.EQUAL);
        assertThat(kept.scope()).isEqualTo("all");
        VerifyProgress last = heard.get(heard.size() - 1);
        assertThat(last.rangesDone()).isEqualTo(last.ranges());
        assertThat(last.rows()).isEqualTo(report.rowsCompared());
        assertThat(last.eta()).isEqualTo(Duration.ZERO);
    }

    @Test
    void theSameEditInEveryRowOfATableIsFoundInEveryRow() throws SQLException {
        int changed = migration.execute(SHARD_1, "UPDATE user_coupon_001 SET status = status ^ 1");
        try {
            VerificationReport report = verify("user_coupon");
            assertThat(changed).isGreaterThan(50);
            assertThat(report.differenceCount()).isEqualTo(changed);
            assertThat(report.differences()).allSatisfy(difference -> {
                assertThat(difference.kind()).isEqualTo(DifferenceKind.DIFFERENT);
                assertThat(difference.physicalTable()).isEqualTo("user_coupon_001");
            });
            assertThat(report.differences().subList(0, 50))
                    .allMatch(difference -> difference.differingColumns().equals(List.of("status")));
        } finally {
            migration.copy("user_coupon");
        }
    }

    @Test
    void twoRowsThatExchangedAValueAreBothFound() throws SQLException {
        String first = migration.value(SHARD_0, "SELECT MIN(coupon_id) FROM user_coupon_003");
        String second = migration.value(
                SHARD_0,
                "SELECT MIN(coupon_id) FROM user_coupon_003 WHERE valid_to <> (SELECT valid_to FROM user_coupon_003"
                        + " WHERE coupon_id = " + first + ")");
        String ofFirst = migration.value(SHARD_0, VALID_TO + first);
        String ofSecond = migration.value(SHARD_0, VALID_TO + second);
        String sum = migration.value(SHARD_0, "SELECT SUM(valid_to) FROM user_coupon_003");
        migration.execute(SHARD_0, "UPDATE user_coupon_003 SET valid_to = " + ofSecond + " WHERE coupon_id = " + first);
        migration.execute(SHARD_0, "UPDATE user_coupon_003 SET valid_to = " + ofFirst + " WHERE coupon_id = " + second);
        try {
            assertThat(migration.value(SHARD_0, "SELECT SUM(valid_to) FROM user_coupon_003"))
                    .as("a sum over the column does not see it")
                    .isEqualTo(sum);
            VerificationReport report = verify("user_coupon");
            assertThat(report.verdict()).isEqualTo(Verdict.DIFFERENT);
            assertThat(report.differences())
                    .extracting(Difference::targetKey)
                    .containsExactlyInAnyOrder(new RowKey(List.of(first)), new RowKey(List.of(second)));
            assertThat(report.differences()).allSatisfy(difference -> {
                assertThat(difference.kind()).isEqualTo(DifferenceKind.DIFFERENT);
                assertThat(difference.differingColumns()).containsExactly("valid_to");
                assertThat(difference.physicalTable()).isEqualTo("user_coupon_003");
            });
        } finally {
            migration.copy("user_coupon");
        }
        assertThat(verify("user_coupon").verdict()).isEqualTo(Verdict.EQUAL);
    }

    @Test
    void theNewestRowsAreComparedInBothDirections() throws SQLException {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            NewestRows newest = NewestRows.prepare(migration.plan, migration.topology, threads);
            NewestRows.Outcome equal = newest.compare();
            assertThat(equal.unequal()).isEmpty();
            assertThat(equal.rows()).isPositive();
            String last = migration.value(SHARD_0, "SELECT MAX(coupon_id) FROM user_coupon_003");
            migration.execute(SHARD_0, "UPDATE user_coupon_003 SET order_no = 'other' WHERE coupon_id = " + last);
            assertThat(newest.compare().unequal())
                    .isNotEmpty()
                    .allMatch(row -> row.contains("user_coupon [" + last + "]"));
        } finally {
            threads.shutdown();
            migration.copy("user_coupon");
        }
    }

    @Test
    void aStaticTableIsComparedToo() throws SQLException {
        migration.execute(DatabaseId.META, "UPDATE coupon_template SET threshold_minor = threshold_minor + 1 LIMIT 1");
        migration.execute(DatabaseId.META, "DELETE FROM super_blacklist LIMIT 1");
        migration.execute(DatabaseId.META, "INSERT INTO template_product VALUES (99999, 1, 'X', 2)");
        try {
            VerificationReport report = migration
                    .verifier()
                    .verifyOnce(new VerifyOptions(
                            Set.of("coupon_template", "super_blacklist", "template_product"),
                            false,
                            VerifyListener.SILENT));
            assertThat(report.differences())
                    .extracting(Difference::kind)
                    .containsExactlyInAnyOrder(DifferenceKind.DIFFERENT, DifferenceKind.MISSING, DifferenceKind.EXTRA);
        } finally {
            migration.copy("coupon_template");
            migration.copy("super_blacklist");
            migration.copy("template_product");
        }
    }

    @Test
    void aPhysicalTableThatIsGoneFailsTheRunAndIsKeptAsFailed() throws SQLException {
        migration.execute(SHARD_1, "RENAME TABLE coupon_redemption_002 TO hidden");
        try {
            assertThatThrownBy(() -> verify("coupon_redemption"))
                    .isInstanceOf(VerificationFailedException.class)
                    .hasMessageContaining("coupon_redemption_002")
                    .hasMessageContaining("shard-1");
            assertThat(migration.control.lastVerification().orElseThrow().verdict())
                    .isEqualTo(VerificationRecord.Verdict.FAILED);
        } finally {
            migration.execute(SHARD_1, "RENAME TABLE hidden TO coupon_redemption_002");
        }
    }

    @Test
    void aColumnThatIsGoneInOnePhysicalTableFailsTheRun() throws SQLException {
        migration.execute(SHARD_0, "ALTER TABLE coupon_redemption_003 RENAME COLUMN amount_minor TO gone");
        try {
            assertThatThrownBy(() -> verify("coupon_redemption"))
                    .isInstanceOf(VerificationFailedException.class)
                    .hasMessageContaining("amount_minor");
        } finally {
            migration.execute(SHARD_0, "ALTER TABLE coupon_redemption_003 RENAME COLUMN gone TO amount_minor");
        }
    }

    @Test
    void aMissingQuarantineTableFailsTheRun() throws SQLException {
        migration.execute(SHARD_0, "RENAME TABLE cutover_quarantine TO hidden");
        try {
            assertThatThrownBy(() -> verify("thing")).isInstanceOf(VerificationFailedException.class);
        } finally {
            migration.execute(SHARD_0, "RENAME TABLE hidden TO cutover_quarantine");
        }
    }

    @Test
    void anUnknownTableIsRefused() {
        assertThatThrownBy(() -> verify("user_coupons"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("user_coupons");
    }

    @Test
    void chosenKeysAreComparedOnBothSidesAndInEveryTable() throws SQLException {
        Set<RowKey> keys = Set.of(RowKey.of(1), RowKey.of(2), RowKey.of(3), RowKey.of(777_777));
        assertThat(migration.verifier().verifyKeys(Map.of("thing", keys)).verdict())
                .isEqualTo(Verdict.EQUAL);
        String row = migration.value(SHARD_0, "SELECT MIN(thing_id) >> 10 FROM thing_001");
        migration.execute(
                SHARD_0,
                "INSERT INTO thing_002 SELECT (777777 << 10) | 2, user_id, price, weight, ratio, seen_at, born,"
                        + " flags, digest, color, note, document, padded FROM thing_002 LIMIT 1");
        migration.execute(SHARD_0, "UPDATE thing_001 SET price = -1 WHERE thing_id >> 10 = " + row);
        try {
            VerificationReport report = migration
                    .verifier()
                    .verifyKeys(Map.of("thing", Set.of(RowKey.of(Long.parseLong(row)), RowKey.of(777_777))));
            assertThat(report.verdict()).isEqualTo(Verdict.DIFFERENT);
            assertThat(report.differences())
                    .extracting(Difference::kind)
                    .containsExactlyInAnyOrder(DifferenceKind.DIFFERENT, DifferenceKind.EXTRA);
            assertThat(migration
                            .verifier()
                            .verifyKeys(Map.of("user_coupon", Set.of(RowKey.of(1))))
                            .verdict())
                    .isEqualTo(Verdict.EQUAL);
        } finally {
            migration.copy("thing");
        }
    }

    @Test
    void theReportNamesKeysAndColumnsButNoValues() throws SQLException {
        migration.execute(SHARD_0, "UPDATE thing_000 SET padded = 'TELLTALE' LIMIT 1");
        try {
            VerificationReport report = verify("thing");
            assertThat(report.toText()).contains("padded").doesNotContain("TELLTALE");
            assertThat(report.toJson()).contains("padded").doesNotContain("TELLTALE");
        } finally {
            migration.copy("thing");
        }
    }

    private VerificationReport verify(String table) {
        return migration.verifier().verifyOnce(new VerifyOptions(Set.of(table), true, VerifyListener.SILENT));
    }
}
