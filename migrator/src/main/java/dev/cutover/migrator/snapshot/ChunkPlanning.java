package dev.cutover.migrator.snapshot;

import dev.cutover.core.row.KeyRange;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowReader;
import dev.cutover.core.stage.Chunk;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Cuts tables into chunks once, in the control database, so that a restart goes on where the copy was. Stateless. */
final class ChunkPlanning {
    private ChunkPlanning() {}

    /** The chunks of a table; planned now when they are not yet. */
    static List<Chunk> chunks(Topology topology, ControlDatabase control, Projection projection) throws SQLException {
        String table = projection.table().name();
        List<Chunk> planned = control.chunks(table);
        if (!planned.isEmpty()) {
            return planned;
        }
        List<Chunk> chunks = new ArrayList<>();
        try (Connection source = topology.database(DatabaseId.OLD).getConnection()) {
            for (KeyRange range : new RowReader()
                    .ranges(
                            source,
                            projection,
                            projection.table().fromTable(),
                            topology.plan().copy().chunkRows())) {
                chunks.add(Chunk.todo(table, chunks.size(), range));
            }
        }
        control.planChunks(table, chunks);
        return control.chunks(table);
    }
}
