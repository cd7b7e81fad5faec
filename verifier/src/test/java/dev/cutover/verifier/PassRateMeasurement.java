package dev.cutover.verifier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.topology.DatabaseId;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Measures, does not judge: a full pass over 64 tables against CHECKSUM TABLE of both sides. */
class PassRateMeasurement {
    private static final Logger LOG = LoggerFactory.getLogger(PassRateMeasurement.class);
    private static final int ROWS = 200_000;

    @Test
    void aPassOverSixtyFourTablesAgainstChecksumTable() throws Exception {
        try (Migration migration = Migration.create(4, 16, ROWS, 20_000)) {
            migration.copy("user_coupon");
            VerifyOptions options = new VerifyOptions(Set.of("user_coupon"), true, VerifyListener.SILENT);
            for (int round = 0; round < 3; round++) {
                long begun = System.nanoTime();
                VerificationReport report = migration.verifier().verifyOnce(options);
                long pass = System.nanoTime() - begun;
                assertThat(report.verdict()).isEqualTo(Verdict.EQUAL);
                begun = System.nanoTime();
                migration.value(DatabaseId.OLD, "CHECKSUM TABLE mall_coupon_user");
                for (int slot = 0; slot < 64; slot++) {
                    migration.value(
                            DatabaseId.shard(slot / 16),
                            "CHECKSUM TABLE " + migration.plan.layout().physicalTable("user_coupon", slot));
                }
                long checksum = System.nanoTime() - begun;
                LOG.warn(
                        "round {}: pass {} ms ({} rows/s), CHECKSUM TABLE of both sides {} ms, ratio {}",
                        round,
                        pass / 1_000_000,
                        report.rowsCompared() * 1_000_000_000L / pass,
                        checksum / 1_000_000,
                        (double) checksum / pass);
            }
        }
    }
}
