package dev.cutover.verifier.report;

import dev.cutover.core.fence.TableDefinitions;
import dev.cutover.core.row.RowKey;
import dev.cutover.verifier.Certificate;
import dev.cutover.verifier.Difference;
import dev.cutover.verifier.DifferenceKind;
import dev.cutover.verifier.HeatMap;
import dev.cutover.verifier.Resumed;
import dev.cutover.verifier.TableResult;
import dev.cutover.verifier.Verdict;
import dev.cutover.verifier.VerificationReport;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/** Reports larger and stranger than a test could plant. */
final class MadeUpReport {
    static final String HOSTILE = "</style><script>alert('1')</script>&\"\u0000\u0007\uFFFE\uD800\u202E]]>𝄞 券";
    private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

    private MadeUpReport() {}

    /** A table of 1,024 physical tables in 8 databases, and one of a single physical table. */
    static VerificationReport huge() {
        List<HeatMap.Column> columns = IntStream.range(0, 128)
                .mapToObj(i -> new HeatMap.Column(
                        "shard-" + i / 16,
                        String.format(Locale.ROOT, "user_coupon_%03d", i % 16 * 8),
                        "shard-" + i / 16,
                        String.format(Locale.ROOT, "user_coupon_%03d", i % 16 * 8 + 7),
                        8))
                .toList();
        List<HeatMap.Row> rows = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            List<HeatMap.Cell> cells = new ArrayList<>();
            if (i % 9 == 4) {
                cells.add(new HeatMap.Cell(i % 128, 2, 5, 0, 0));
            }
            if (i % 41 == 7) {
                cells.add(new HeatMap.Cell((i + 60) % 128, 1, 0, 3, 0));
            }
            if (i % 53 == 9) {
                cells.add(new HeatMap.Cell((i + 90) % 128, 1, 0, 0, 2));
            }
            rows.add(new HeatMap.Row(
                    i == 0 ? null : Long.toString(i * 5_000_000L),
                    i == 199 ? null : Long.toString((i + 1) * 5_000_000L),
                    79,
                    i < 80 ? 79 : 0,
                    NOON.minusSeconds(i < 80 ? 9_000 - i * 20L : 2_400 - i * 12L),
                    NOON.minusSeconds(i < 80 ? 8_990 - i * 20L : 2_395 - i * 12L),
                    8_000,
                    5_000_000,
                    5_000_000,
                    cells));
        }
        List<Difference> differences = IntStream.range(0, 300)
                .mapToObj(i -> difference(i, i == 0 ? HOSTILE : "op-" + i))
                .toList();
        return new VerificationReport(
                "verify-1",
                "mall-coupons",
                "ab".repeat(32),
                NOON.minusSeconds(9_000),
                NOON.plusSeconds(5),
                Verdict.DIFFERENT,
                List.of("user_coupon", "coupon_template"),
                false,
                "OLD",
                List.of(
                        new TableResult(
                                "user_coupon",
                                15_800,
                                16_179_200,
                                60,
                                1_000_000_000L,
                                999_999_990L,
                                1_204,
                                110,
                                1_300,
                                8,
                                9_005_000,
                                Map.of(DifferenceKind.DIFFERENT, 1_296L, DifferenceKind.QUARANTINE, 4L),
                                new HeatMap(columns, rows)),
                        new TableResult(
                                "coupon_template",
                                1,
                                1,
                                0,
                                40,
                                40,
                                0,
                                0,
                                0,
                                0,
                                12,
                                Map.of(),
                                new HeatMap(
                                        List.of(new HeatMap.Column(
                                                "meta", "coupon_template", "meta", "coupon_template", 1)),
                                        List.of(new HeatMap.Row(null, null, 1, 0, NOON, NOON, 3, 40, 40, List.of()))))),
                differences,
                List.of("one bit", "one row", "one shard", "a swap of two rows"),
                List.of("2 rows of user_coupon changed each time they were looked at: " + HOSTILE),
                List.of("columns of user_coupon that only NEW has: version"),
                new TableDefinitions(Map.of("old.mall_user_coupon", "0123456789abcdef")),
                Map.of(
                        "old",
                        Map.of("time_zone", "+00:00", "version", "8.0.15"),
                        "shard-0",
                        Map.of("time_zone", "+00:00", "version", "8.4.3")),
                Map.of("old", "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-9,4e11fa47-71ca-11e1-9e33-c80aa9429562:1-77"),
                new Resumed("verify-0", NOON.minusSeconds(9_000), 6_320));
    }

    private static Difference difference(int number, String key) {
        return new Difference(
                "user_coupon",
                RowKey.of(Integer.toString(number), key),
                RowKey.of(Integer.toString(number), key),
                "shard-" + number % 8,
                String.format(Locale.ROOT, "user_coupon_%03d", number % 128),
                DifferenceKind.DIFFERENT,
                number % 3 == 0 ? "shifted time zone by 8 h (created_at)" : "",
                List.of("created_at"),
                new Certificate(NOON, List.of("old uuid:1-9 applied in shard-0"), "AA".repeat(32), "BB".repeat(32)),
                "SELECT `created_at` FROM `mall`.`t` WHERE k = '" + key + "'",
                "SELECT `created_at` FROM `n`.`t` WHERE k = '" + key + "'");
    }
}
