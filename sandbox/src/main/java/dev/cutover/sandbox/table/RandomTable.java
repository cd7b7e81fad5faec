package dev.cutover.sandbox.table;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A made-up table: a key of any kind, a user, and up to ten columns of any type, with values at and between their edges. The same seed
 * makes the same table and the same changes. Owned by one thread.
 */
public final class RandomTable {
    // Words of SQL, letters of either case, the signs a name may have.
    private static final List<String> NAMES =
            List.of("order", "Group", "desc", "value", "rank", "interval", "_x$1", "key", "select", "ID");
    private static final List<String> LATIN = List.of("a", "Z", " ", "é", "ß", "ÿ", "€", "'", "\\", "\"", "%", "0");
    private static final List<String> ASCII =
            List.of("a", "Z", " ", "~", "'", "\\", "\"", "%", "_", "0", "\n", "\u0001");
    private static final List<String> CHINESE = List.of("汉", "字", "券", "a", "'", "\\", "一");
    private static final List<String> BMP = List.of("汉", "é", "a", "'", "\\", "Ω", "\u200d", " ");
    private static final List<String> ANY = List.of("👩‍👩‍👧", "😀", "汉", "é", "a", "'", "\\", " ", "\u0001");

    private final String name;
    private final KeyKind key;
    private final Random random;
    private final List<Column> columns = new ArrayList<>();
    private final List<String> keys = new ArrayList<>();
    private int made;

    /**
     * @param type as a definition says it
     * @param compared an expression over the quoted name, marked {@code %s}, that tells all of a value
     */
    private record Column(String name, String type, boolean nullable, String compared, Supplier<String> values) {
        String quoted() {
            return "`" + name + "`";
        }
    }

    public RandomTable(String name, long seed) {
        this.name = name;
        this.random = new Random(seed);
        this.key = KeyKind.values()[random.nextInt(KeyKind.values().length)];
        int many = 1 + random.nextInt(10);
        for (int i = 0; i < many; i++) {
            String column = random.nextInt(3) == 0 ? NAMES.get(i % NAMES.size()) : "c" + i;
            columns.add(column(column));
        }
    }

    public String name() {
        return name;
    }

    /** A statement that creates it under this name, on either side. */
    public String ddl(String table) {
        return "CREATE TABLE " + table + " (" + key.definition() + ", user_id INT NOT NULL, "
                + columns.stream()
                        .map(column ->
                                column.quoted() + " " + column.type() + (column.nullable() ? " NULL" : " NOT NULL"))
                        .collect(Collectors.joining(", "))
                + ", PRIMARY KEY (" + key.columns() + "))";
    }

    /** Its part of the section {@code tables} of a plan that takes it over as it is, there and back. */
    public String plan() {
        return """
                  - name: %s
                    kind: dynamic
                    from: {table: %s, key: [%s]}
                    shardBy: user_id
                    key: {%s}
                    columns: {user_id: s.user_id, %s}
                    backKey: {%s}
                    back: {user_id: n.user_id, %s}
                """.formatted(name, name, key.columns(), key.taken(), taken("s"), key.taken(), taken("n"));
    }

    private String taken(String from) {
        return columns.stream()
                .map(column -> yaml(column.name()) + ": " + yaml(from + "." + column.quoted()))
                .collect(Collectors.joining(", "));
    }

    private static String yaml(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    /** A statement that shows all rows of a table made like this one, so that equal rows, and only they, give equal bytes. */
    public String rows(String table) {
        return "SELECT user_id, " + key.columns() + ", "
                + columns.stream()
                        .map(column -> column.compared().replace("%s", column.quoted()))
                        .collect(Collectors.joining(", "))
                + " FROM " + table;
    }

    /** So many new rows, by one statement. */
    public String insert(int rows) {
        return "INSERT INTO " + name + " VALUES "
                + IntStream.range(0, rows).mapToObj(i -> row(newKey())).collect(Collectors.joining(", "));
    }

    /** One change of one or several rows. */
    public String change() {
        if (keys.size() < 5) {
            return insert(3);
        }
        return switch (random.nextInt(9)) {
            case 0 -> insert(1 + random.nextInt(4));
            case 1 -> "DELETE FROM " + name + where(keys.remove(random.nextInt(keys.size())));
            case 2, 3 -> "UPDATE " + name + " SET " + assignment() + where(anyKey());
            case 4 -> "UPDATE " + name + " SET " + assignment() + ", user_id = " + user() + where(anyKey());
            case 5 -> "UPDATE " + name + " SET " + assignment() + " WHERE user_id = " + user();
            case 6 -> "REPLACE INTO " + name + " VALUES " + row(anyKey());
            case 7 -> moved();
            default -> "INSERT INTO " + name + " VALUES " + row(anyKey()) + " ON DUPLICATE KEY UPDATE " + assignment();
        };
    }

    /** A row that gets another key. */
    private String moved() {
        String from = keys.remove(random.nextInt(keys.size()));
        String to = newKey();
        List<String> names = List.of(key.columns().split(", ", -1));
        List<String> values = key.parts(to);
        return "UPDATE " + name + " SET "
                + IntStream.range(0, names.size())
                        .mapToObj(i -> names.get(i) + " = " + values.get(i))
                        .collect(Collectors.joining(", "))
                + where(from);
    }

    private String assignment() {
        Column column = columns.get(random.nextInt(columns.size()));
        return column.quoted() + " = " + value(column);
    }

    private String where(String literals) {
        return " WHERE (" + key.columns() + ") = (" + literals + ")";
    }

    private String anyKey() {
        return keys.get(random.nextInt(keys.size()));
    }

    private String newKey() {
        String literals = key.key(random, made++);
        keys.add(literals);
        return literals;
    }

    private int user() {
        return random.nextInt(40);
    }

    private String row(String literals) {
        return "(" + literals + ", " + user() + ", "
                + columns.stream().map(this::value).collect(Collectors.joining(", ")) + ")";
    }

    private String value(Column column) {
        return column.nullable() && random.nextInt(6) == 0
                ? "NULL"
                : column.values().get();
    }

    // ---- types and their values

    private Column column(String column) {
        boolean nullable = random.nextInt(4) > 0;
        return switch (random.nextInt(16)) {
            case 0, 1 -> integer(column, nullable);
            case 2 -> decimal(column, nullable);
            case 3 ->
                new Column(
                        column,
                        "FLOAT",
                        nullable,
                        "%s * 1e0",
                        () -> one(
                                "0",
                                "-0e0",
                                "1.17549435e-38",
                                "3.4028234e38",
                                Float.toString(random.nextFloat() * 1000 - 500)));
            case 4 ->
                new Column(
                        column,
                        "DOUBLE",
                        nullable,
                        "%s",
                        () -> one(
                                "0",
                                "-0e0",
                                "2.2250738585072014e-308",
                                "-1.7976931348623157e308",
                                Double.toString(random.nextGaussian())));
            case 5 ->
                moment(
                        column,
                        nullable,
                        "DATETIME",
                        "0000-00-00 00:00:00",
                        "2020-00-00 00:00:00",
                        "9999-12-31 23:59:59");
            case 6 -> moment(column, nullable, "TIMESTAMP", "1970-01-01 00:00:01", "2038-01-19 03:14:07");
            case 7 -> day(column, nullable);
            case 8 -> time(column, nullable);
            case 9 -> bits(column, nullable);
            case 10 ->
                new Column(
                        column,
                        random.nextBoolean()
                                ? "ENUM('','a','ü','1','a,b','it''s') CHARACTER SET utf8mb4"
                                : "SET('x','y','ü','it''s') CHARACTER SET utf8mb4",
                        nullable,
                        "%s",
                        () -> Integer.toString(1 + random.nextInt(5)));
            case 11 -> new Column(column, "JSON", nullable, "CAST(CONVERT(%s USING utf8mb4) AS JSON)", this::json);
            case 12 -> binary(column, nullable);
            case 13, 14 -> text(column, nullable);
            default ->
                new Column(
                        column,
                        "GEOMETRY",
                        nullable,
                        "%s",
                        () -> one(
                                "ST_GeomFromText('POINT(" + random.nextInt(9) + " -1.5)')",
                                "ST_GeomFromText('LINESTRING(0 0, 1 " + random.nextInt(9) + ")')",
                                "ST_GeomFromText('POINT(10 20)', 4326)"));
        };
    }

    private String one(String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private Column integer(String column, boolean nullable) {
        int bytes = List.of(1, 2, 3, 4, 8).get(random.nextInt(5));
        String type = switch (bytes) {
            case 1 -> "TINYINT";
            case 2 -> "SMALLINT";
            case 3 -> "MEDIUMINT";
            case 4 -> "INT";
            default -> "BIGINT";
        };
        if (random.nextBoolean()) {
            long mask = bytes == 8 ? -1 : (1L << (8 * bytes)) - 1;
            return new Column(
                    column,
                    type + " UNSIGNED" + (random.nextInt(4) == 0 ? " ZEROFILL" : ""),
                    nullable,
                    "%s",
                    () -> Long.toUnsignedString(mask & (random.nextInt(4) == 0 ? -1 : random.nextLong())));
        }
        int shift = 64 - 8 * bytes;
        return new Column(
                column,
                type,
                nullable,
                "%s",
                () -> Long.toString((random.nextInt(4) == 0 ? Long.MIN_VALUE : random.nextLong()) >> shift));
    }

    private Column decimal(String column, boolean nullable) {
        int digits = 1 + random.nextInt(65);
        int scale = random.nextInt(Math.min(digits, 30) + 1);
        return new Column(column, "DECIMAL(" + digits + "," + scale + ")", nullable, "%s", () -> {
            String all = random.nextInt(4) == 0
                    ? "9".repeat(digits)
                    : IntStream.range(0, digits)
                            .mapToObj(i -> Integer.toString(random.nextInt(10)))
                            .collect(Collectors.joining());
            return one("-", "") + all.substring(0, digits - scale) + "." + all.substring(digits - scale);
        });
    }

    private Column moment(String column, boolean nullable, String type, String... edges) {
        int digits = random.nextInt(7);
        return new Column(column, type + "(" + digits + ")", nullable, "%s", () -> {
            if (random.nextInt(4) == 0) {
                return "'" + one(edges) + "'";
            }
            String fraction = digits == 0
                    ? ""
                    : "."
                            + String.format(Locale.ROOT, "%06d", random.nextInt(1_000_000))
                                    .substring(0, digits);
            return String.format(
                    Locale.ROOT,
                    "'%04d-%02d-%02d %02d:%02d:%02d%s'",
                    1971 + random.nextInt(60),
                    1 + random.nextInt(12),
                    1 + random.nextInt(28),
                    random.nextInt(24),
                    random.nextInt(60),
                    random.nextInt(60),
                    fraction);
        });
    }

    private Column day(String column, boolean nullable) {
        return random.nextBoolean()
                ? new Column(column, "YEAR", nullable, "%s", () -> one("0", "1901", "2155", "2000"))
                : new Column(
                        column,
                        "DATE",
                        nullable,
                        "%s",
                        () -> one("'0000-00-00'", "'1000-01-01'", "'9999-12-31'", "'2020-02-29'", "'2020-02-00'"));
    }

    private Column time(String column, boolean nullable) {
        int digits = random.nextInt(7);
        return new Column(
                column,
                "TIME(" + digits + ")",
                nullable,
                "%s",
                () -> one(
                        "'-838:59:59'",
                        "'838:59:59'",
                        "'00:00:00'",
                        "'-00:00:01'",
                        "'" + random.nextInt(800) + ":07:08" + (digits == 0 ? "" : "." + "5".repeat(digits)) + "'"));
    }

    private Column bits(String column, boolean nullable) {
        int width = 1 + random.nextInt(64);
        return new Column(
                column,
                "BIT(" + width + ")",
                nullable,
                "%s",
                () -> Long.toUnsignedString((random.nextInt(3) == 0 ? -1L : random.nextLong()) >>> (64 - width)));
    }

    private String json() {
        return one(
                "'{}'",
                "'[1, 2.50, null, \"ü😀\", {\"b\": -0.0, \"a\": 18446744073709551615}]'",
                "CAST(" + random.nextLong() + " AS JSON)",
                "'\"\\\\u0000\\\\n\"'",
                "JSON_OBJECT('d', CAST('2020-01-01' AS DATE), 'n', " + random.nextInt() + ")",
                "JSON_ARRAY(CAST(1.10 AS DECIMAL(5,2)), x'00FF')");
    }

    private Column binary(String column, boolean nullable) {
        String type = one("BLOB", "TINYBLOB", "MEDIUMBLOB", "VARBINARY(50)", "BINARY(7)");
        int most = type.equals("BINARY(7)")
                ? 7
                : type.startsWith("VARBINARY") ? 50 : type.equals("TINYBLOB") ? 255 : 3_000;
        return new Column(column, type, nullable, "%s", () -> {
            byte[] bytes = new byte[random.nextInt(4) == 0 ? 0 : random.nextInt(most + 1)];
            random.nextBytes(bytes);
            return "x'" + HexFormat.of().formatHex(bytes) + "'";
        });
    }

    private Column text(String column, boolean nullable) {
        String set = one("utf8mb4", "utf8mb4", "utf8mb3", "latin1", "gbk", "ascii", "utf16", "ucs2");
        List<String> letters = switch (set) {
            case "latin1" -> LATIN;
            case "ascii" -> ASCII;
            case "gbk" -> CHINESE;
            case "utf8mb3", "ucs2" -> BMP;
            default -> ANY;
        };
        String type = one("VARCHAR(40)", "CHAR(40)", "TEXT");
        return new Column(column, type + " CHARACTER SET " + set, nullable, "%s", () -> {
            StringBuilder text = new StringBuilder();
            int length = random.nextInt(5);
            for (int i = 0; i < length; i++) {
                text.append(letters.get(random.nextInt(letters.size())));
            }
            return "'" + text.toString().replace("\\", "\\\\").replace("'", "''") + "'";
        });
    }
}
