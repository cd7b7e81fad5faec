package dev.cutover.migrator.watch;

import dev.cutover.core.plan.Endpoint;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One MySQL server that holds dynamic tables, of one side or of both.
 *
 * @param name {@code host:port}
 * @param endpoint how to log in to it
 * @param schemas its schemas by name, with the database each one is
 * @param tables the physical dynamic tables of each schema
 */
record WatchedServer(String name, Endpoint endpoint, Map<String, DatabaseId> schemas, Map<String, Set<String>> tables) {
    /** The servers of a plan. */
    static List<WatchedServer> of(MigrationPlan plan) {
        Map<String, WatchedServer> servers = new LinkedHashMap<>();
        List<DatabaseId> databases = new ArrayList<>(List.of(DatabaseId.OLD));
        databases.addAll(plan.shardDatabases());
        for (DatabaseId database : databases) {
            Endpoint endpoint = plan.endpoint(database);
            WatchedServer server = servers.computeIfAbsent(
                    endpoint.server(),
                    name -> new WatchedServer(name, endpoint, new LinkedHashMap<>(), new LinkedHashMap<>()));
            server.schemas.put(endpoint.schema(), database);
            server.tables.put(endpoint.schema(), tables(plan, database));
        }
        return List.copyOf(servers.values());
    }

    private static Set<String> tables(MigrationPlan plan, DatabaseId database) {
        Set<String> tables = new LinkedHashSet<>();
        int shard = plan.shardDatabases().indexOf(database);
        for (TablePlan table : plan.dynamicTables()) {
            if (shard < 0) {
                tables.add(table.fromTable());
            } else {
                for (int number = 0; number < plan.layout().tables(); number++) {
                    tables.add(plan.physicalTable(table, shard * plan.layout().tables() + number));
                }
            }
        }
        return tables;
    }

    /** Whether it holds a database of this side. */
    boolean has(Side side) {
        return schemas.values().stream().anyMatch(database -> database.side() == side);
    }
}
