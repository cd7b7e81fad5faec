package dev.cutover.chaos.bank;

import dev.cutover.core.CutoverException;
import dev.cutover.core.topology.Topology;
import dev.cutover.proxy.DualWriteProxy;
import dev.cutover.proxy.ReadView;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Carries requests out through the proxy. Safe for many threads. */
public final class Bank {
    private final DualWriteProxy proxy;
    private final CouponIds ids;
    private final Duration budget;

    /**
     * Opens nothing.
     *
     * @param budget how long a write may wait for a fence
     */
    public Bank(DualWriteProxy proxy, Topology topology, Duration budget) {
        this.proxy = proxy;
        this.ids = new CouponIds(topology);
        this.budget = budget;
    }

    /** Never throws what belongs to the proxy or the databases: what is not known is to be asked for again. */
    public Answer answer(Call request) {
        try {
            if (request.writes()) {
                return Answer.written(proxy.write(request.user(), budget, new BankWork(request, ids)));
            }
            return request.fresh()
                    ? proxy.readFresh(request.user(), budget, view -> read(view, request.user()))
                    : proxy.read(request.user(), view -> read(view, request.user()));
        } catch (RefusedException e) {
            return Answer.refused(String.valueOf(e.getMessage()));
        } catch (CutoverException e) {
            return Answer.again(e.getClass().getSimpleName() + ": " + e.getMessage());
        }
    }

    private static Answer read(ReadView view, int user) throws SQLException {
        Map<Integer, List<String>> lists = new TreeMap<>();
        try (PreparedStatement select = view.connection()
                .prepareStatement("SELECT k, hist FROM " + view.table("probe") + " WHERE user_id = ?")) {
            select.setInt(1, user);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    String hist = String.valueOf(row.getString(2));
                    lists.put(row.getInt(1), hist.isEmpty() ? List.of() : List.of(hist.split(",", -1)));
                }
            }
        }
        return Answer.seen(view.side().name(), lists);
    }
}
