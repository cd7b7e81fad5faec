package dev.cutover.sandbox.mall;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.regex.Pattern;

/** The tables of the legacy mall, made from {@code sql/mall/schema.sql}. */
public final class MallSchema {
    private static final String RESOURCE = "sql/mall/schema.sql";

    // The script is ours: no statement holds a semicolon at the end of a line but its own.
    private static final Pattern STATEMENT_END = Pattern.compile(";\\s*\n");
    private static final Pattern COMMENT_LINE = Pattern.compile("(?m)^--.*$");

    private MallSchema() {}

    /** Creates the tables in the database the connection is in, which must have none of them; the session's sql_mode stays. */
    public static void createLegacy(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            String sqlMode;
            try (ResultSet row = statement.executeQuery("SELECT @@SESSION.sql_mode")) {
                row.next();
                sqlMode = row.getString(1);
            }
            for (String sql : STATEMENT_END.split(COMMENT_LINE.matcher(script()).replaceAll(""))) {
                if (!sql.isBlank()) {
                    statement.execute(sql);
                }
            }
            statement.execute("SET SESSION sql_mode = '" + sqlMode + "'");
        }
    }

    private static String script() {
        try (InputStream stream = MallSchema.class.getClassLoader().getResourceAsStream(RESOURCE)) {
            if (stream == null) {
                throw new IllegalStateException(
                        "There is no " + RESOURCE + " on the class path: the jar of the sandbox was built without it.");
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("Could not read " + RESOURCE + ": " + e.getMessage(), e);
        }
    }
}
