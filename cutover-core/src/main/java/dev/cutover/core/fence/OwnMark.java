package dev.cutover.core.fence;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/**
 * By which the stray-write watch knows what Cutover itself changed on the side that is not the truth, where no position moves. Stateless.
 *
 * <p>A transaction carries a row event of {@code cutover_origin}; a statement that commits by itself carries a comment. Neither is a
 * secret: the watch finds who goes round the proxy by mistake, not who wants to hide.
 */
public final class OwnMark {
    /** At the end of a TRUNCATE of a migrated table. */
    public static final String COMMENT = "/* cutover */";

    // The slots below belong to the mirrors: nobody waits for another's mark.
    private static final int FIRST_SLOT = 256;
    private static final int SLOTS = 256;

    private OwnMark() {}

    /** Marks the transaction of this session; the text is another each time, so that there is an event each time. */
    public static void put(Connection connection, String act) throws SQLException {
        try (PreparedStatement upsert =
                connection.prepareStatement("INSERT INTO cutover_origin (slot, gtid) VALUES (?, ?)"
                        + " ON DUPLICATE KEY UPDATE gtid = VALUES(gtid), updated_at = CURRENT_TIMESTAMP(3)")) {
            upsert.setInt(1, FIRST_SLOT + ThreadLocalRandom.current().nextInt(SLOTS));
            upsert.setString(2, act + " " + UUID.randomUUID());
            upsert.executeUpdate();
        }
    }
}
