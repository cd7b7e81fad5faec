package dev.cutover.verifier;

import static dev.cutover.verifier.DifferenceKind.DIFFERENT;
import static dev.cutover.verifier.DifferenceKind.DUPLICATE;
import static dev.cutover.verifier.DifferenceKind.EXTRA;
import static dev.cutover.verifier.DifferenceKind.MISROUTED;
import static dev.cutover.verifier.DifferenceKind.MISSING;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CorruptionIT {
    private static final Pattern PLACE = Pattern.compile("\\{(row|slot) (\\d+)}");

    private Migration migration;

    /** A corruption: statements over {@code {old}}, {@code {row ID}} (the table of a row) and {@code {slot NUMBER}}. */
    private record Corruption(
            String what, List<String> sql, List<DifferenceKind> kinds, String hint, List<String> columns) {
        @Override
        public String toString() {
            return what;
        }
    }

    @BeforeAll
    void copyRowsThatHoldWhatIsHard() throws Exception {
        migration = Migration.create(2, 4, 1_000, 20);
        for (String row : List.of(
                "2, weight = 0e0",
                "3, weight = 16777217",
                "4, padded = 'caf\u00e9'",
                "5, note = ''",
                "6, note = NULL",
                "8, note = 'ab', padded = 'c'",
                "9, document = '{\"list\": [1, 2], \"none\": null, \"text\": \"1\"}'",
                "10, digest = x'00FF00'",
                "11, digest = x''",
                "12, digest = NULL",
                "13, note = 'a\\nb'",
                "14, note = 'a & b'",
                "15, price = -5",
                "16, price = 2.5050",
                "17, note = '007'",
                "18, note = '\u4e2d\u6587 12'",
                "19, padded = 'x\uD83D\uDE00y'",
                "20, padded = NULL",
                "21, seen_at = '2026-03-29 02:30:00.001'",
                "22, seen_at = NULL",
                "23, document = NULL",
                "24, flags = b'0000000110'",
                "25, price = NULL",
                "26, padded = 'Stra\u00dfe'",
                "27, price = 0, ratio = 0, flags = 0")) {
            int comma = row.indexOf(',');
            run("UPDATE {old} SET " + row.substring(comma + 1) + " WHERE id = " + row.substring(0, comma));
        }
        run("CREATE TABLE thing_kept LIKE {old}");
        run("INSERT INTO thing_kept SELECT * FROM {old}");
        migration.copy("thing");
    }

    @AfterEach
    void mend() throws SQLException {
        run("DELETE FROM {old}");
        run("INSERT INTO {old} SELECT * FROM thing_kept");
        migration.copy("thing");
    }

    @AfterAll
    void drop() {
        migration.close();
    }

    static Stream<Corruption> values() {
        return Stream.of(
                edit("minus zero for zero", 2, "weight = -0e0", "weight"),
                edit("a double that went through a float", 3, "weight = 16777216", "weight"),
                edit("the last digit of a price", 7, "price = price + 0.0001", "price"),
                edit("another sign", 15, "price = -price", "price"),
                edit("a price rounded to cents", 16, "price = 2.51", "price"),
                edit("0 for NULL", 25, "price = 0", "price"),
                edit("NULL for 0", 27, "price = NULL", "price"),
                edit(
                        "all that is 0 is NULL",
                        27,
                        "price = NULL, ratio = NULL, flags = NULL",
                        "price",
                        "ratio",
                        "flags"),
                edit("bits in the other order", 24, "flags = b'0110000000'", "flags"),
                edit("an accent lost", 4, "padded = 'cafe'", "padded"),
                edit("an accent as a character of its own", 4, "padded = 'cafe\u0301'", "padded"),
                edit("a letter that only sorts alike", 26, "padded = 'Strasse'", "padded"),
                edit("full width for half width", 18, "note = '\u4e2d\u6587 \uff11\uff12'", "note"),
                edit("a character no eye sees", 18, "note = '\u4e2d\u6587\u200b 12'", "note"),
                hinted("characters lost to ?", 18, "note = '?? 12'", "characters replaced by '?'", "note"),
                edit("an emoji lost", 19, "padded = 'xy'", "padded"),
                edit("an emoji cut off with its tail", 19, "padded = 'x'", "padded"),
                hinted("text cut inside", 18, "note = '\u4e2d'", "truncated text", "note"),
                hinted("a trailing space", 18, "note = '\u4e2d\u6587 12 '", "added trailing spaces", "note"),
                edit("a leading space", 18, "note = ' \u4e2d\u6587 12'", "note"),
                hinted("NULL for empty text", 5, "note = NULL", "NULL against empty text", "note"),
                hinted("empty text for NULL", 6, "note = ''", "NULL against empty text", "note"),
                edit("the word NULL for NULL", 6, "note = 'NULL'", "note"),
                edit("the mark of NULL for NULL", 20, "padded = 'N'", "padded"),
                edit("a character moved to the next column", 8, "note = 'a', padded = 'bc'", "note", "padded"),
                edit("a text that looks like two columns", 8, "note = 'ab,1:c', padded = ''", "note", "padded"),
                edit("leading zeros lost", 17, "note = '7'", "note"),
                edit("another end of line", 13, "note = 'a\\r\\nb'", "note"),
                edit("a line end written out", 13, "note = 'a\\\\nb'", "note"),
                edit("escaped for a page", 14, "note = 'a &amp; b'", "note"),
                edit("a trailing zero byte", 10, "digest = x'00FF0000'", "digest"),
                edit("bytes cut at a zero byte", 10, "digest = x''", "digest"),
                edit("bytes as their hex", 10, "digest = '00FF00'", "digest"),
                edit("no bytes for NULL", 12, "digest = x''", "digest"),
                edit("NULL for no bytes", 11, "digest = NULL", "digest"),
                edit("a space for no bytes", 11, "digest = ' '", "digest"),
                hinted(
                        "one hour shifted",
                        21,
                        "seen_at = seen_at + INTERVAL 1 HOUR",
                        "shifted time zone by 1 h",
                        "seen_at"),
                edit("a millisecond", 21, "seen_at = '2026-03-29 02:30:00.002'", "seen_at"),
                hinted("milliseconds lost", 21, "seen_at = '2026-03-29 02:30:00'", "lost fraction", "seen_at"),
                edit("day and month exchanged", 7, "born = '2001-03-02'", "born"),
                edit("another century", 7, "born = '1901-02-03'", "born"),
                edit("the day before", 7, "born = born - INTERVAL 1 DAY", "born"),
                hinted("a zero date for a date", 7, "born = '0000-00-00'", "zero date", "born"),
                edit("a zero date for NULL", 22, "seen_at = '0000-00-00'", "seen_at"),
                edit("another label", 7, "color = 'red'", "color"),
                edit("an empty label for a label", 7, "color = ''", "color"),
                edit(
                        "an array in another order",
                        9,
                        "document = JSON_SET(document, '$.list', JSON_ARRAY(2, 1))",
                        "document"),
                edit("a number for a text in JSON", 9, "document = JSON_SET(document, '$.text', 1)", "document"),
                edit("a key without its null in JSON", 9, "document = JSON_REMOVE(document, '$.none')", "document"),
                edit("a key more in JSON", 9, "document = JSON_SET(document, '$.more', 1)", "document"),
                edit("null of JSON for NULL", 23, "document = CAST('null' AS JSON)", "document"),
                edit("NULL for a document", 9, "document = NULL", "document"),
                onOld("an update of OLD that never came", "UPDATE {old} SET price = price + 1 WHERE id = 7", DIFFERENT),
                onOld("a delete of OLD that never came", "DELETE FROM {old} WHERE id = 7", EXTRA),
                onOld(
                        "an insert of OLD that never came",
                        "INSERT INTO {old} SELECT 9001, user_id, price, weight, ratio, seen_at, born, flags, digest, color,"
                                + " note, document, padded FROM thing_kept WHERE id = 7",
                        MISSING));
    }

    static Stream<Corruption> rows() {
        return Stream.of(
                new Corruption(
                        "the same change in two rows",
                        List.of("UPDATE {row 7} SET flags = flags ^ 1 ORDER BY thing_id LIMIT 2"),
                        List.of(DIFFERENT, DIFFERENT),
                        "",
                        List.of("flags")),
                new Corruption(
                        "two rows that exchanged their texts",
                        List.of(
                                "CREATE TEMPORARY TABLE two AS SELECT thing_id, note FROM {row 7} ORDER BY thing_id LIMIT 2",
                                "SET @first = (SELECT MIN(thing_id) FROM two)",
                                "SET @text = (SELECT note FROM two WHERE thing_id = @first)",
                                "SET @other = (SELECT note FROM two WHERE thing_id <> @first)",
                                "UPDATE {row 7} SET note = IF(thing_id = @first, @other, @text) ORDER BY thing_id LIMIT 2",
                                "DROP TEMPORARY TABLE two"),
                        List.of(DIFFERENT, DIFFERENT),
                        "",
                        List.of("note")),
                new Corruption(
                        "a key that is another one's",
                        List.of(
                                "UPDATE {row 7} SET thing_id = (9001 << 10) | (thing_id & 1023) WHERE thing_id >> 10 = 7"),
                        List.of(EXTRA, MISSING),
                        "",
                        List.of()),
                new Corruption(
                        "one row missing and another one twice",
                        List.of(
                                "DELETE FROM {row 7} WHERE thing_id >> 10 = 7",
                                "INSERT INTO {other 8} SELECT * FROM {row 8} WHERE thing_id >> 10 = 8"),
                        List.of(DUPLICATE, MISSING),
                        "",
                        List.of()),
                new Corruption(
                        "a row in the next table of its database",
                        List.of(
                                "INSERT INTO {other 7} SELECT * FROM {row 7} WHERE thing_id >> 10 = 7",
                                "DELETE FROM {row 7} WHERE thing_id >> 10 = 7"),
                        List.of(MISROUTED),
                        "misrouted: belongs to",
                        List.of()),
                new Corruption(
                        "a shard key that belongs elsewhere",
                        List.of("UPDATE {row 7} SET user_id = user_id + 1 WHERE thing_id >> 10 = 7"),
                        List.of(DIFFERENT),
                        "",
                        List.of("user_id")),
                new Corruption(
                        "the first row lost",
                        List.of("DELETE FROM {row 1} WHERE thing_id >> 10 = 1"),
                        List.of(MISSING),
                        "missing",
                        List.of()),
                new Corruption(
                        "the last row lost",
                        List.of("DELETE FROM {row 60} WHERE thing_id >> 10 = 60"),
                        List.of(MISSING),
                        "missing",
                        List.of()));
    }

    static Stream<Corruption> thatAreNone() {
        return Stream.of(
                edit("JSON keys in another order", 9, "document = '{\"text\":\"1\",  \"none\":null, \"list\":[1,2]}'"),
                edit(
                        "a key given twice in JSON",
                        9,
                        "document = '{\"list\": [1, 2], \"none\": null, \"text\": 2, \"text\": \"1\"}'"),
                edit("spaces behind a CHAR", 4, "padded = 'caf\u00e9   '"),
                edit("zeros behind a decimal", 16, "price = 2.50500"),
                edit("zeros before a shard key", 7, "user_id = '0000000049'"),
                edit("a date with a time of day that is zero", 7, "born = '2001-02-03 00:00:00'"),
                edit("a label by its number", 7, "color = 2"));
    }

    private static Corruption edit(String what, int id, String set, String... columns) {
        return hinted(what, id, set, "", columns);
    }

    private static Corruption hinted(String what, int id, String set, String hint, String... columns) {
        return new Corruption(
                what,
                List.of("UPDATE {row " + id + "} SET " + set + " WHERE thing_id >> 10 = " + id),
                List.of(DIFFERENT),
                hint,
                List.of(columns));
    }

    private static Corruption onOld(String what, String sql, DifferenceKind kind) {
        return new Corruption(what, List.of(sql), List.of(kind), "", kind == DIFFERENT ? List.of("price") : List.of());
    }

    @ParameterizedTest
    @MethodSource({"values", "rows"})
    void everyCorruptionIsFoundInEveryRowItTouched(Corruption corruption) throws SQLException {
        plant(corruption);
        VerificationReport report = verify();
        assertThat(report.verdict()).isEqualTo(Verdict.DIFFERENT);
        assertThat(report.differences())
                .extracting(Difference::kind)
                .containsExactlyInAnyOrderElementsOf(corruption.kinds());
        assertThat(report.differences()).allSatisfy(difference -> {
            assertThat(difference.hint()).contains(corruption.hint());
            assertThat(difference.differingColumns()).containsExactlyElementsOf(corruption.columns());
        });
    }

    @ParameterizedTest
    @MethodSource("thatAreNone")
    void whatIsOnlySpeltDifferentlyIsEqual(Corruption same) throws SQLException {
        plant(same);
        assertThat(verify().verdict()).isEqualTo(Verdict.EQUAL);
    }

    @Test
    void oneValueWrongInEveryRowIsFoundInEveryRow() throws SQLException {
        for (int slot = 0; slot < migration.plan.layout().slots(); slot++) {
            run("UPDATE {slot " + slot + "} SET color = 'red'");
        }
        assertThat(verify().differenceCount()).isEqualTo(60);
    }

    @Test
    void anEmptiedTableLacksEachOfItsRows() throws SQLException {
        long rows = Long.parseLong(migration.value(DatabaseId.OLD, sql("SELECT COUNT(*) FROM {row 7}")));
        run("TRUNCATE TABLE {row 7}");
        VerificationReport report = verify();
        assertThat(report.differenceCount()).isEqualTo(rows);
        assertThat(report.differences())
                .allSatisfy(difference -> assertThat(difference.kind()).isEqualTo(MISSING));
    }

    @Test
    void exchangedTablesAreMisroutedRowByRow() throws SQLException {
        long rows = Long.parseLong(migration.value(
                DatabaseId.OLD, sql("SELECT (SELECT COUNT(*) FROM {slot 0}) + (SELECT COUNT(*) FROM {slot 1})")));
        String third = sql("{slot 0}").replace("thing_000", "thing_x");
        String exchange =
                sql("RENAME TABLE {slot 0} TO " + third + ", {slot 1} TO {slot 0}, " + third + " TO {slot 1}");
        run(exchange);
        VerificationReport report = verify();
        run(exchange);
        assertThat(report.verdict()).isEqualTo(Verdict.DIFFERENT);
        assertThat(report.differenceCount()).isEqualTo(rows);
        assertThat(report.differences())
                .allSatisfy(difference -> assertThat(difference.kind()).isEqualTo(MISROUTED));
    }

    private void plant(Corruption corruption) throws SQLException {
        assertThat(verify().verdict()).as("before anything is planted").isEqualTo(Verdict.EQUAL);
        try (var connection = migration.topology.database(DatabaseId.OLD).getConnection();
                var statement = connection.createStatement()) {
            for (String sql : corruption.sql()) {
                statement.execute(sql(sql));
                assertThat(statement.getUpdateCount())
                        .as("rows touched by %s", sql)
                        .isGreaterThan(sql.matches("(UPDATE|INSERT|DELETE).*") ? 0 : -1);
            }
        }
    }

    private void run(String sql) throws SQLException {
        migration.execute(DatabaseId.OLD, sql(sql));
    }

    private String sql(String template) {
        String placed = PLACE.matcher(template.replace("{old}", "`old_thing`"))
                .replaceAll(place -> Matcher.quoteReplacement(table(
                        place.group(1).equals("slot")
                                ? Integer.parseInt(place.group(2))
                                : slot(Integer.parseInt(place.group(2))))));
        // Another table of the same database.
        return Pattern.compile("\\{other (\\d+)}")
                .matcher(placed)
                .replaceAll(place -> Matcher.quoteReplacement(table(slot(Integer.parseInt(place.group(1))) ^ 1)));
    }

    private int slot(int id) {
        return migration.plan.layout().slot(id * 7L);
    }

    private String table(int slot) {
        var thing = migration.plan.table("thing");
        return Identifier.quote(migration
                        .plan
                        .endpoint(migration.plan.databaseOf(thing, slot))
                        .schema()) + "." + Identifier.quote(migration.plan.physicalTable(thing, slot));
    }

    private VerificationReport verify() {
        return migration.verifier().verifyOnce(new VerifyOptions(Set.of("thing"), true, VerifyListener.SILENT));
    }
}
