package dev.cutover.sandbox.table;

import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.stream.Collectors;

/** Kinds of keys a table may have, each with a way to make up the n-th one. One table {@code item} has a user and a value besides. */
public enum KeyKind {
    SIGNED("k BIGINT", "k", (random, n) -> Long.toString(edge(random, n, Long.MIN_VALUE, -1, 0, Long.MAX_VALUE))),
    UNSIGNED(
            "k BIGINT UNSIGNED",
            "k",
            (random, n) -> Long.toUnsignedString(edge(random, n, 0, -1, Long.MIN_VALUE, Long.MAX_VALUE))),
    ZEROFILL("k INT(8) UNSIGNED ZEROFILL", "k", (random, n) -> Integer.toString(n * 3)),
    COMPOSITE(
            "a SMALLINT, k INT, c VARCHAR(5) CHARACTER SET ascii COLLATE ascii_bin",
            "a, k, c",
            (random, n) -> (random.nextInt(3) - 1) + ", " + n + ", '" + (char) ('a' + n % 26) + "'"),
    WITHOUT_CASE_OR_ACCENT(
            "k VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci",
            "k",
            (random, n) -> quoted(letters(random, "aÄéßZ漢😀", 4) + n)),
    PADDED(
            "k VARCHAR(60) CHARACTER SET latin1 COLLATE latin1_swedish_ci",
            "k",
            (random, n) -> quoted(letters(random, "äÖxé", 3) + n + " ".repeat(random.nextInt(3)))),
    TEXT_OF_ANY_SIGNS(
            "k VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            "k",
            (random, n) -> quoted(letters(random, "aA|\\'\"%_ \u0001", 4) + n)),
    CHAR(
            "k CHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            "k",
            (random, n) -> quoted(letters(random, "aA漢", 3) + n)),
    GBK(
            "k VARCHAR(40) CHARACTER SET gbk COLLATE gbk_chinese_ci",
            "k",
            (random, n) -> quoted(letters(random, "汉字券a", 3) + n)),
    BINARY("k BINARY(8)", "k", (random, n) -> bytes(random, n, 8)),
    VARBINARY("k VARBINARY(20)", "k", (random, n) -> n == 0 ? "''" : bytes(random, n, 4 + n % 15)),
    DATE(
            "k DATE, n INT",
            "k, n",
            (random, n) -> "'"
                    + List.of("1000-01-01", "9999-12-31", "2020-02-29", "1970-01-01", "1582-10-10")
                            .get(n % 5) + "', " + n),
    ENUM(
            "k ENUM('z','it''s','a,b','A') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, n INT",
            "k, n",
            (random, n) -> List.of("'z'", "'it''s'", "'a,b'", "'A'").get(random.nextInt(4)) + ", " + n);

    private final String columns;
    private final String names;
    private final BiFunction<Random, Integer, String> maker;

    KeyKind(String columns, String names, BiFunction<Random, Integer, String> maker) {
        this.columns = columns;
        this.names = names;
        this.maker = maker;
    }

    private List<String> nameList() {
        return List.of(names.split(", ", -1));
    }

    /** The key's columns, with commas between. */
    public String columns() {
        return names;
    }

    /** The n-th key as SQL literals, with commas between; no two of them are equal for MySQL. */
    public String key(Random random, int n) {
        return maker.apply(random, n);
    }

    /** The definitions of the key's columns. */
    String definition() {
        return columns;
    }

    /** A key as {@link #key} tells it, column by column. */
    List<String> parts(String key) {
        // No text of a key of several columns has a comma with a blank behind it.
        return nameList().size() == 1 ? List.of(key) : List.of(key.split(", ", -1));
    }

    /** The key of a row as it is on the other side, for a plan. */
    String taken() {
        return nameList().stream().map(name -> name + ": \"{" + name + "}\"").collect(Collectors.joining(", "));
    }

    /** A statement that creates such a table, on either side. */
    public String ddl(String table) {
        return "CREATE TABLE " + table + " (" + columns + ", user_id INT NOT NULL, v VARBINARY(40) NULL, PRIMARY KEY ("
                + names + "))";
    }

    /** The section {@code tables} of a plan that takes the table {@code item} over as it is. */
    public String plan() {
        return """
                tables:
                  - name: item
                    kind: dynamic
                    from: {table: item, key: [%s]}
                    shardBy: user_id
                    key: {%s}
                    columns: {user_id: s.user_id, v: s.v}
                    backKey: {%s}
                    back: {user_id: n.user_id, v: n.v}
                """.formatted(names, taken(), taken());
    }

    private static long edge(Random random, int n, long... edges) {
        return n < edges.length ? edges[n] : random.nextLong();
    }

    private static String letters(Random random, String alphabet, int length) {
        int[] points = alphabet.codePoints().toArray();
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.appendCodePoint(points[random.nextInt(points.length)]);
        }
        return text.toString();
    }

    private static String quoted(String text) {
        return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'";
    }

    // The number keeps them apart; about every third ends in zeros, which MySQL leaves out of the binlog.
    private static String bytes(Random random, int n, int length) {
        byte[] bytes = new byte[length];
        if (random.nextInt(3) > 0) {
            random.nextBytes(bytes);
        }
        for (int i = 0; i < 3; i++) {
            bytes[i] = (byte) ((n + 1) >> (8 * i));
        }
        return "x'" + HexFormat.of().formatHex(bytes) + "'";
    }
}
