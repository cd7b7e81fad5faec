package dev.cutover.sandbox.mall;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Locale;

/** The sharded schema, straight from the files of the repository: the toolkit's own reader is not part of what is tested here. */
public final class NewSchema {
    private static final Path FOLDER = Path.of("..", "sql", "coupon");

    private NewSchema() {}

    public static void createMeta(Connection connection) throws SQLException, IOException {
        run(connection, Files.readString(FOLDER.resolve("meta.sql")), 1);
    }

    public static void createShard(Connection connection, int tables) throws SQLException, IOException {
        run(connection, Files.readString(FOLDER.resolve("shard.sql")), tables);
    }

    private static void run(Connection connection, String script, int tables) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : script.replaceAll("(?m)^--.*$", "").split(";\\s*\n", -1)) {
                for (int table = 0; !sql.isBlank() && table < (sql.contains("{table}") ? tables : 1); table++) {
                    statement.execute(sql.replace("{table}", String.format(Locale.ROOT, "%03d", table)));
                }
            }
        }
    }
}
