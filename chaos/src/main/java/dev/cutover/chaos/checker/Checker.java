package dev.cutover.chaos.checker;

import dev.cutover.chaos.checker.Layout.Place;
import dev.cutover.chaos.history.HistoryReader;
import dev.cutover.chaos.history.Side;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiPredicate;

/** Judges a run by what it left behind; its front door. Stateless. */
public final class Checker {
    private static final Set<String> TOOL_TABLES = Set.of("cutover_fence", "cutover_position", "cutover_origin");

    private Checker() {}

    /**
     * Checks I1 to I14.
     *
     * @param history the file a {@link dev.cutover.chaos.history.HistoryWriter} wrote
     * @param servers every server of the layout; writers, workers and commands have ended
     * @throws EvidenceUnreadableException when a source cannot be read
     * @throws dev.cutover.chaos.history.HistoryUnreadableException when a line of the history cannot be read
     */
    public static CheckReport check(Path history, List<ServerEvidence> servers, Layout layout) {
        BiPredicate<Place, String> wanted = wanted(layout);
        List<TransactionLog> logs = new ArrayList<>();
        try {
            for (ServerEvidence server : servers) {
                logs.add(new BinlogFolder(
                        server.name(),
                        server.binlogs(),
                        (schema, table) -> wanted.test(new Place(server.name(), schema), table)));
            }
            return Examination.of(
                    records -> HistoryReader.read(history, records), FinalTables.read(servers, layout), logs, layout);
        } finally {
            logs.forEach(TransactionLog::close);
        }
    }

    private static BiPredicate<Place, String> wanted(Layout layout) {
        Map<Place, Side> sides = new HashMap<>();
        sides.put(layout.old(), Side.OLD);
        sides.put(layout.meta(), Side.NEW);
        layout.shards().forEach(shard -> sides.put(shard, Side.NEW));
        return (place, table) -> {
            Side side = sides.get(place);
            return side != null
                            && (TOOL_TABLES.contains(table)
                                    || BankTable.named(side, table).isPresent())
                    || table.equals("cutover_register")
                            && layout.control().filter(place::equals).isPresent();
        };
    }
}
