package dev.cutover.migrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.migrator.Finding.Severity;
import dev.cutover.sandbox.MySqlServer;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class PreflightIT {
    @Test
    void findsNothingAgainstTheCouponMigrationButSaysWhatIsWeak() {
        try (Stand stand = Stand.coupons(MySqlServer.shared(), 2, 2, 1_000)) {
            List<Finding> findings = run(stand);
            assertThat(findings)
                    .filteredOn(finding -> finding.severity() == Severity.FAIL)
                    .isEmpty();
            assertThat(findings)
                    .filteredOn(finding -> finding.severity() == Severity.WARNING)
                    .extracting(Finding::message)
                    .anyMatch(message -> message.contains("MyISAM"))
                    .anyMatch(message -> message.contains("null_shard_key"));
        }
    }

    @Test
    void refusesWhatWouldLoseChangesEachByName() {
        try (Stand stand = Stand.coupons(MySqlServer.shared(), 1, 2, 0)) {
            stand.sql(
                    DatabaseId.OLD,
                    "ALTER TABLE mall_order_coupon MODIFY id BIGINT NOT NULL, DROP PRIMARY KEY",
                    "ALTER TABLE mall_coupon_user ENGINE = MyISAM",
                    "ALTER TABLE mall_coupon_operation ADD COLUMN forgotten INT",
                    "CREATE TRIGGER noisy AFTER INSERT ON mall_coupon_user FOR EACH ROW SET @x = 1");
            stand.sql(DatabaseId.shard(0), "DROP TABLE coupon_redemption_001");
            assertThat(run(stand).stream()
                            .filter(finding -> finding.severity() == Severity.FAIL)
                            .map(finding -> finding.check() + ": " + finding.message())
                            .toList())
                    .anyMatch(text -> text.contains("mall_order_coupon has no primary key"))
                    .anyMatch(text -> text.contains("MyISAM"))
                    .anyMatch(text -> text.contains("[forgotten]"))
                    .anyMatch(text -> text.contains("trigger noisy"))
                    .anyMatch(text -> text.contains("coupon_redemption_001"));
        }
    }

    private static List<Finding> run(Stand stand) {
        return new Preflight().run(stand.plan, stand.topology, Set.of());
    }
}
