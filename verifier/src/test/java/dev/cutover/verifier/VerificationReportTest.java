package dev.cutover.verifier;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.core.fence.TableDefinitions;
import dev.cutover.core.row.RowKey;
import dev.cutover.verifier.report.ReportReader;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class VerificationReportTest {
    private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");
    private static final VerificationReport REPORT = new VerificationReport(
            "verify-1",
            "mall-coupons",
            "abcdef0123456789",
            NOON,
            NOON.plusSeconds(2),
            Verdict.DIFFERENT,
            List.of("user_coupon"),
            false,
            "OLD",
            List.of(new TableResult(
                    "user_coupon",
                    2,
                    128,
                    1,
                    200,
                    200,
                    3,
                    0,
                    1,
                    0,
                    1500,
                    Map.of(DifferenceKind.DIFFERENT, 1L),
                    HeatMap.NONE)),
            List.of(new Difference(
                    "user_coupon",
                    RowKey.of(17),
                    RowKey.of(17413),
                    "shard-1",
                    "user_coupon_001",
                    DifferenceKind.DIFFERENT,
                    "shifted time zone by 8 h (created_at)",
                    List.of("created_at"),
                    new Certificate(NOON, List.of("old uuid:1 applied in shard-1"), "AA".repeat(32), "BB".repeat(32)),
                    "SELECT 1",
                    "SELECT 2")),
            List.of("one bit"),
            List.of(),
            List.of("columns of user_coupon that only NEW has: version"),
            new TableDefinitions(Map.of("shard-1.user_coupon", "0123456789abcdef")),
            Map.of("old", Map.of("time_zone", "+00:00")),
            Map.of("old", "uuid:1-9"),
            new Resumed("verify-0", NOON, 7));

    @Test
    void theTextBeginsWithTheVerdictAndNamesKeyPlaceColumnAndHint() {
        assertThat(REPORT.toText())
                .startsWith("DIFFERENT  200 rows, 128 cells, 1 differences, 3 in quarantine, 2.0 s")
                .contains("DIFFERENT user_coupon key 17 (NEW 17413): shard-1.user_coupon_001  columns created_at")
                .contains("hint: shifted time zone by 8 h")
                .contains("old uuid:1 applied in shard-1")
                .contains("not checked: columns of user_coupon that only NEW has: version")
                .contains("went on with run verify-0, which began 2026-11-22T12:00:00Z: 7 ranges were proven before")
                .contains("session old: time_zone=+00:00");
    }

    @Test
    void theJsonReadBackIsTheReport() {
        assertThat(ReportReader.read(REPORT.toJson())).contains(REPORT);
        assertThat(ReportReader.read("{\"kind\": \"VerificationFailure\"}")).isEmpty();
    }

    @Test
    void theJsonSaysWhatItIs() throws Exception {
        JsonNode json = new ObjectMapper().readTree(REPORT.toJson());
        assertThat(json.get("apiVersion").asText()).isEqualTo("cutover/v1");
        assertThat(json.get("kind").asText()).isEqualTo("VerificationReport");
        assertThat(json.get("verdict").asText()).isEqualTo("DIFFERENT");
        assertThat(json.at("/differences/0/sourceKey/0").asText()).isEqualTo("17");
        assertThat(json.at("/differences/0/differingColumns/0").asText()).isEqualTo("created_at");
        assertThat(json.at("/tables/0/sourceRows").asLong()).isEqualTo(200);
    }
}
