package dev.cutover.verifier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.topology.DatabaseId;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PlantedCorruptionIT {
    private static final DatabaseId SHARD_0 = DatabaseId.shard(0);
    private static final DatabaseId SHARD_1 = DatabaseId.shard(1);
    private static final String FIRST = " ORDER BY coupon_id LIMIT 1";
    private static final String FIRST_THING = " ORDER BY thing_id LIMIT 1";

    private Migration migration;

    @BeforeAll
    void copyTheMall() throws Exception {
        migration = Migration.create(2, 4, 1_500, 400);
        migration.copyAll();
    }

    @AfterAll
    void drop() {
        migration.close();
    }

    /** What was done to NEW, and what the verifier must make of it. */
    private record Planted(
            String what,
            String table,
            DatabaseId database,
            List<String> sql,
            DifferenceKind kind,
            String hint,
            List<String> columns) {
        @Override
        public String toString() {
            return what;
        }
    }

    static Stream<Planted> corruptions() {
        return Stream.of(
                thing("one bit", "UPDATE thing_000 SET flags = flags ^ 1", "", "flags"),
                thing("one byte of a digest", "UPDATE thing_000 SET digest = REVERSE(digest)", "", "digest"),
                thing("the last bit of a double", "UPDATE thing_000 SET weight = weight * (1e0 + 3e-16)", "", "weight"),
                thing("a float", "UPDATE thing_000 SET ratio = ratio * 1.000001", "", "ratio"),
                thing("a lost fraction", "UPDATE thing_000 SET price = FLOOR(price)", "lost fraction", "price"),
                thing(
                        "lost milliseconds",
                        "UPDATE thing_000 SET seen_at = CAST(CAST(seen_at - INTERVAL 500000 MICROSECOND AS DATETIME) AS DATETIME)",
                        "lost fraction",
                        "seen_at"),
                thing(
                        "a shifted day",
                        "UPDATE thing_000 SET seen_at = seen_at - INTERVAL 8 HOUR",
                        "shifted time zone by -8 h",
                        "seen_at"),
                thing(
                        "double encoding",
                        "UPDATE thing_000 SET note = CONVERT(CAST(CONVERT(note USING utf8mb4) AS BINARY) USING latin1)",
                        "double encoding",
                        "note"),
                thing(
                        "one value in JSON",
                        "UPDATE thing_000 SET document = JSON_SET(document, '$.a', -1)",
                        "",
                        "document"),
                thing("other case", "UPDATE thing_000 SET padded = UPPER(padded)", "other case", "padded"),
                thing(
                        "empty text for NULL",
                        "UPDATE thing_000 SET color = '' WHERE color IS NULL",
                        "NULL against empty text",
                        "color"),
                thing("NULL for a value", "UPDATE thing_000 SET born = NULL", "NULL on NEW only", "born"),
                coupon(
                        "one hour shifted",
                        "UPDATE user_coupon_002 SET created_at = created_at + 3600000",
                        "shifted time zone by 1 h",
                        "created_at"),
                coupon(
                        "truncated text",
                        "UPDATE user_coupon_002 SET coupon_sn = LEFT(coupon_sn, CHAR_LENGTH(coupon_sn) - 1)"
                                + " WHERE coupon_sn IS NOT NULL",
                        "truncated text",
                        "coupon_sn"),
                coupon(
                        "a trailing space",
                        "UPDATE user_coupon_002 SET coupon_sn = CONCAT(coupon_sn, ' ') WHERE coupon_sn IS NOT NULL",
                        "added trailing spaces",
                        "coupon_sn"),
                coupon(
                        "swapped columns",
                        "UPDATE user_coupon_002 SET valid_from = (@x := valid_from), valid_from = valid_to, valid_to = @x"
                                + " WHERE valid_from IS NOT NULL",
                        "swapped columns",
                        "valid_from",
                        "valid_to"),
                coupon("NULL became 0", "UPDATE user_coupon_002 SET used_at = 0 WHERE used_at IS NULL", "", "used_at"),
                coupon(
                        "a stale version",
                        "UPDATE user_coupon_002 SET updated_at = updated_at - 1000 WHERE updated_at IS NOT NULL",
                        "stale version",
                        "updated_at"),
                coupon(
                        "another template",
                        "UPDATE user_coupon_002 SET template_id = template_id + 1",
                        "",
                        "template_id"),
                rows(
                        "a missing row",
                        "thing",
                        DifferenceKind.MISSING,
                        "missing",
                        "DELETE FROM thing_001" + FIRST_THING),
                rows(
                        "an extra row",
                        "thing",
                        DifferenceKind.EXTRA,
                        "extra",
                        "CREATE TEMPORARY TABLE one SELECT * FROM thing_001" + FIRST_THING,
                        "UPDATE one SET thing_id = (999999 << 10) | 1",
                        "INSERT INTO thing_001 SELECT * FROM one"),
                rows(
                        "a duplicate in another table",
                        "thing",
                        DifferenceKind.DUPLICATE,
                        "duplicate: the row also stands in shard-0.thing_001",
                        "INSERT INTO thing_003 SELECT * FROM thing_001" + FIRST_THING),
                rows(
                        "a duplicate on another shard",
                        "thing",
                        DifferenceKind.DUPLICATE,
                        "duplicate: the row also stands in shard-0.thing_001",
                        "INSERT INTO {shard-1}.thing_001 SELECT * FROM thing_001" + FIRST_THING),
                rows(
                        "a row on the wrong shard",
                        "thing",
                        DifferenceKind.MISROUTED,
                        "misrouted: belongs to shard-0.thing_001",
                        "INSERT INTO {shard-1}.thing_001 SELECT * FROM thing_001" + FIRST_THING,
                        "DELETE FROM thing_001" + FIRST_THING),
                rows(
                        "a rejected row without quarantine",
                        "user_coupon",
                        DifferenceKind.QUARANTINE,
                        "but not in quarantine",
                        "DELETE FROM cutover_quarantine WHERE table_name = 'user_coupon' LIMIT 1"),
                rows(
                        "a quarantined row that is mapped",
                        "thing",
                        DifferenceKind.QUARANTINE,
                        "in quarantine, but not rejected on OLD",
                        "INSERT INTO cutover_quarantine (table_name, row_key, reason) VALUES ('thing', '1', 'planted')"));
    }

    private static Planted thing(String what, String sql, String hint, String... columns) {
        return new Planted(
                what, "thing", SHARD_0, List.of(sql + FIRST_THING), DifferenceKind.DIFFERENT, hint, List.of(columns));
    }

    private static Planted coupon(String what, String sql, String hint, String... columns) {
        return new Planted(
                what, "user_coupon", SHARD_1, List.of(sql + FIRST), DifferenceKind.DIFFERENT, hint, List.of(columns));
    }

    private static Planted rows(String what, String table, DifferenceKind kind, String hint, String... sql) {
        return new Planted(what, table, SHARD_0, List.of(sql), kind, hint, List.of());
    }

    @ParameterizedTest
    @MethodSource("corruptions")
    void onePlantedCorruptionIsFoundAndNamed(Planted planted) throws SQLException {
        int changed = plant(planted);
        try {
            VerificationReport report = verify(planted.table());
            assertThat(changed).as("rows changed by the plant").isEqualTo(1);
            assertThat(report.verdict()).isEqualTo(Verdict.DIFFERENT);
            assertThat(report.differences()).singleElement().satisfies(difference -> {
                assertThat(difference.kind()).isEqualTo(planted.kind());
                assertThat(difference.hint()).contains(planted.hint());
                assertThat(difference.differingColumns()).containsExactlyElementsOf(planted.columns());
                assertThat(difference.certificate().applied()).hasSize(1);
            });
        } finally {
            migration.copy(planted.table());
        }
        assertThat(verify(planted.table()).verdict()).isEqualTo(Verdict.EQUAL);
    }

    @Test
    void asManyEntriesAsRejectedRowsAreNotEnough() throws SQLException {
        String mapped = migration.value(SHARD_0, "SELECT coupon_id >> 10 FROM user_coupon_000" + FIRST);
        migration.execute(SHARD_0, "DELETE FROM cutover_quarantine WHERE table_name = 'user_coupon' LIMIT 1");
        migration.execute(
                SHARD_0,
                "INSERT INTO cutover_quarantine (table_name, row_key, reason) VALUES ('user_coupon', '" + mapped
                        + "', 'planted')");
        try {
            assertThat(verify("user_coupon").differences())
                    .hasSize(2)
                    .allSatisfy(difference -> assertThat(difference.kind()).isEqualTo(DifferenceKind.QUARANTINE));
        } finally {
            migration.copy("user_coupon");
        }
    }

    private int plant(Planted planted) throws SQLException {
        int changed = 0;
        String other = migration.plan.endpoint(SHARD_1).schema();
        try (var connection = migration.topology.database(planted.database()).getConnection();
                var statement = connection.createStatement()) {
            for (String sql : planted.sql()) {
                statement.execute(sql.replace("{shard-1}", other));
                changed = statement.getUpdateCount();
            }
            statement.execute("DROP TEMPORARY TABLE IF EXISTS one");
        }
        return changed;
    }

    private VerificationReport verify(String table) {
        return migration.verifier().verifyOnce(new VerifyOptions(Set.of(table), true, VerifyListener.SILENT));
    }
}
