package dev.cutover.chaos.operate;

import dev.cutover.chaos.history.Side;
import dev.cutover.chaos.stand.BankServers;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;

/**
 * The register as its table says.
 *
 * @param stable whether no switch is under way
 */
public record RegisterView(Side truth, long epoch, boolean stable, String stage) {
    /** Reads it past every wire; empty while its server is down. */
    public static Optional<RegisterView> read(BankServers servers) {
        try (Connection connection = servers.control();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT truth, epoch, phase, stage FROM cutover_register")) {
            row.next();
            return Optional.of(new RegisterView(
                    Side.valueOf(row.getString(1)),
                    row.getLong(2),
                    "STABLE".equals(row.getString(3)),
                    String.valueOf(row.getString(4))));
        } catch (SQLException e) {
            return Optional.empty();
        }
    }
}
