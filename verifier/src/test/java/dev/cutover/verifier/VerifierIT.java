package dev.cutover.verifier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.stage.VerificationRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VerifierIT {
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
        VerificationReport report = migration.verifier().verifyOnce(VerifyOptions.quiet());
        System.err.println(report.toText());
        assertThat(report.verdict()).isEqualTo(Verdict.EQUAL);
        assertThat(report.differences()).isEmpty();
        assertThat(report.tables()).hasSize(migration.plan.tables().size());
        assertThat(report.tables()).allSatisfy(table -> {
            assertThat(table.sourceRows()).isPositive().isEqualTo(table.targetRows());
            assertThat(table.unequalCells()).isZero();
        });
        assertThat(report.quarantined()).isPositive();
        assertThat(report.selfTest()).contains("one bit", "one key", "one row", "one shard", "one swap");
        VerificationRecord kept = migration.control.lastVerification().orElseThrow();
        assertThat(kept.runId()).isEqualTo(report.runId());
        assertThat(kept.verdict()).isEqualTo(VerificationRecord.Verdict.EQUAL);
        assertThat(kept.scope()).isEqualTo("all");
    }
}
