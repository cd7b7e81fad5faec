package dev.cutover.coupon.transfer;

import dev.cutover.core.fence.Epoch;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.stock.StockId;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/** The rows of {@code stock_transfer} and {@code budget_transfer} in the meta database: intents first, outcomes after. Safe for many threads. */
final class TransferLedger {
    private static final int PREPARED = 0;
    private static final int CREDITED = 2;
    private static final int CANCELLED = 3;
    private static final String TRANSFER = "transfer";

    private final StockDatabases databases;
    private final InstantSource clock;

    TransferLedger(StockDatabases databases, InstantSource clock) {
        this.databases = databases;
        this.clock = clock;
    }

    /**
     * How the transfers and adjustments of a stock stand; two equal views with nothing in flight mean that none ran in
     * between.
     *
     * @param transfers how many are under way
     * @param lastTransfer the highest id so far
     * @param adjustments how many are under way
     * @param lastAdjustment the highest id so far
     */
    record View(long transfers, long lastTransfer, long adjustments, long lastAdjustment) {
        boolean quiet() {
            return transfers == 0 && adjustments == 0;
        }
    }

    View view(Epoch epoch, StockId stock) {
        return databases.ledger(
                epoch,
                connection -> Sql.first(
                                connection,
                                row -> new View(row.getLong(1), row.getLong(2), row.getLong(3), row.getLong(4)),
                                "SELECT t.under_way, t.latest, a.under_way, a.latest FROM"
                                        + " (SELECT COALESCE(SUM(state < 2), 0) AS under_way,"
                                        + " COALESCE(MAX(transfer_id), 0) AS latest"
                                        + " FROM " + stock.table(TRANSFER) + " WHERE template_id = ?) t,"
                                        + " (SELECT COALESCE(SUM(state < 2), 0) AS under_way,"
                                        + " COALESCE(MAX(adjustment_id), 0) AS latest"
                                        + " FROM " + stock.table("adjustment") + " WHERE template_id = ?) a",
                                stock.template().number(),
                                stock.template().number())
                        .orElseThrow());
    }

    StockTransfer prepare(Epoch epoch, StockId stock, int from, int to, long quantity) {
        return databases.ledger(epoch, connection -> {
            long id = nextId(connection, stock.table(TRANSFER));
            Sql.update(
                    connection,
                    "INSERT INTO " + stock.table(TRANSFER)
                            + " (transfer_id, epoch, template_id, from_database, to_database, quantity, state,"
                            + " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    id,
                    epoch.number(),
                    stock.template().number(),
                    from,
                    to,
                    quantity,
                    PREPARED,
                    clock.millis());
            return new StockTransfer(id, epoch, stock, from, to, quantity);
        });
    }

    // The row is locked until the transfer is written, so ids become visible in their order and View.last cannot miss
    // one.
    private static long nextId(Connection connection, String sequence) throws SQLException {
        Sql.update(
                connection,
                "INSERT INTO id_sequence (name, next_value) VALUES (?, 2)"
                        + " ON DUPLICATE KEY UPDATE next_value = next_value + 1",
                sequence);
        return Sql.first(
                        connection,
                        row -> row.getLong(1),
                        "SELECT next_value - 1 FROM id_sequence WHERE name = ?",
                        sequence)
                .orElseThrow();
    }

    void credited(StockTransfer transfer) {
        finish(transfer, CREDITED);
    }

    void cancelled(StockTransfer transfer) {
        finish(transfer, CANCELLED);
    }

    private void finish(StockTransfer transfer, int state) {
        databases.ledger(
                transfer.epoch(),
                connection -> Sql.update(
                        connection,
                        "UPDATE " + transfer.stock().table(TRANSFER)
                                + " SET state = ? WHERE transfer_id = ? AND state < 2",
                        state,
                        transfer.id()));
    }

    /** Transfers that nobody has finished for this long, whenever they began, to be finished in this epoch. */
    List<StockTransfer> unfinished(Epoch epoch, Duration age) {
        return databases.ledger(epoch, connection -> {
            List<StockTransfer> unfinished = new ArrayList<>();
            for (StockId.Kind kind : StockId.Kind.values()) {
                unfinished.addAll(Sql.list(
                        connection,
                        row -> new StockTransfer(
                                row.getLong(1),
                                epoch,
                                new StockId(kind, new TemplateId(row.getLong(2))),
                                row.getInt(3),
                                row.getInt(4),
                                row.getLong(5)),
                        "SELECT transfer_id, template_id, from_database, to_database, quantity FROM "
                                + kind.table(TRANSFER)
                                + " WHERE state < 2 AND created_at <= ? ORDER BY transfer_id LIMIT 100",
                        clock.millis() - age.toMillis()));
            }
            return unfinished;
        });
    }
}
