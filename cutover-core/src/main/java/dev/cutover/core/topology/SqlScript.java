package dev.cutover.core.topology;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A SQL script on the class path, cut into its statements.
 *
 * <p>Statements end with a semicolon; {@code --} comments are dropped; quoted text is left alone. A statement that names
 * <code>{table}</code> is meant for every physical table of a shard database.
 */
public final class SqlScript {
    private static final String TABLE = "{table}";

    private final String resource;
    private final List<String> statements;

    private SqlScript(String resource, List<String> statements) {
        this.resource = resource;
        this.statements = List.copyOf(statements);
    }

    /** Reads a resource such as {@code sql/coupon/shard.sql}. */
    public static SqlScript read(String resource) {
        try (InputStream stream = SqlScript.class.getClassLoader().getResourceAsStream(resource)) {
            if (stream == null) {
                throw new IllegalArgumentException("There is no SQL script '" + resource
                        + "' on the class path: the jar of cutover-core was built without it.");
            }
            return new SqlScript(resource, split(new String(stream.readAllBytes(), StandardCharsets.UTF_8)));
        } catch (IOException e) {
            throw new UncheckedIOException("Could not read the SQL script '" + resource + "': " + e.getMessage(), e);
        }
    }

    /** The statements of a script that is run once. */
    public List<String> statements() {
        for (String statement : statements) {
            if (statement.contains(TABLE)) {
                throw new IllegalStateException(
                        resource + " is meant for a database of several physical tables: say how many.");
            }
        }
        return statements;
    }

    /** The statements for a database of {@code tables} physical tables a logical one, numbered from 000. */
    public List<String> statements(int tables) {
        if (tables < 1) {
            throw new IllegalArgumentException("A shard database has at least one physical table, not " + tables + ".");
        }
        List<String> all = new ArrayList<>();
        for (String statement : statements) {
            if (statement.contains(TABLE)) {
                for (int table = 0; table < tables; table++) {
                    all.add(statement.replace(TABLE, String.format(Locale.ROOT, "%03d", table)));
                }
            } else {
                all.add(statement);
            }
        }
        return all;
    }

    /** Runs statements one after the other. */
    public static void run(Connection connection, List<String> statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    static List<String> split(String script) {
        List<String> statements = new ArrayList<>();
        StringBuilder statement = new StringBuilder();
        char quote = 0;
        for (int i = 0; i < script.length(); i++) {
            char c = script.charAt(i);
            if (quote != 0) {
                statement.append(c);
                if (c == '\\' && quote != '`' && i + 1 < script.length()) {
                    statement.append(script.charAt(++i));
                } else if (c == quote) {
                    quote = 0;
                }
            } else if (script.startsWith("-- ", i) || script.startsWith("--\n", i)) {
                int end = script.indexOf('\n', i);
                i = end < 0 ? script.length() : end - 1;
            } else if (c == ';') {
                add(statements, statement);
            } else {
                if (c == '\'' || c == '"' || c == '`') {
                    quote = c;
                }
                statement.append(c);
            }
        }
        add(statements, statement);
        return statements;
    }

    private static void add(List<String> statements, StringBuilder statement) {
        String sql = statement.toString().strip();
        if (!sql.isEmpty()) {
            statements.add(sql);
        }
        statement.setLength(0);
    }
}
