package dev.cutover.core.plan;

import dev.cutover.core.routing.ShardLayout;
import dev.cutover.core.topology.DatabaseId;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The whole plan file as values: what moves, from where to where, and how it is cut. Immutable, safe for many threads.
 *
 * @param migration the migration's name
 * @param strategy rolling, or with the application stopped
 * @param old the monolith's schema
 * @param meta the schema of unsharded new tables
 * @param shards the shard databases, in order: {@code shards.get(i)} is {@code shard-i}
 * @param shardKey the column the sharding is named after
 * @param layout databases and physical tables
 * @param control the control database
 * @param tables what moves, in the plan's order
 * @param handover what a switch computes under the closed fences
 * @param frozenTables tables of OLD the back office may not change while it is frozen
 * @param copy how hard a copy may press
 * @param verify how the sides are compared
 * @param reads how reads move over
 * @param switchPlan the limits of a switch
 * @param fence whether triggers hold those who do not ask the fence
 * @param hash SHA-256 of everything above except passwords, in hexadecimal
 */
public record MigrationPlan(
        String migration,
        Strategy strategy,
        Endpoint old,
        Endpoint meta,
        List<Endpoint> shards,
        String shardKey,
        ShardLayout layout,
        Endpoint control,
        List<TablePlan> tables,
        Handover handover,
        List<String> frozenTables,
        CopyPlan copy,
        VerifyPlan verify,
        ReadsPlan reads,
        SwitchPlan switchPlan,
        FencePlan fence,
        String hash) {

    /** Whether the application keeps serving. */
    public enum Strategy {
        ROLLING,
        STOP_THE_WORLD
    }

    public MigrationPlan {
        shards = List.copyOf(shards);
        tables = List.copyOf(tables);
        frozenTables = List.copyOf(frozenTables);
        if (shards.size() != layout.databases()) {
            throw new IllegalArgumentException(
                    "The layout has " + layout.databases() + " databases, the plan lists " + shards.size() + ".");
        }
    }

    /** The same with the databases of NEW that are on one server, {@code host:port}, reached at another that has them too. */
    public MigrationPlan servedBy(String server, String host, int port) {
        return new MigrationPlan(
                migration,
                strategy,
                old,
                meta.at(server, host, port),
                shards.stream().map(shard -> shard.at(server, host, port)).toList(),
                shardKey,
                layout,
                control,
                tables,
                handover,
                frozenTables,
                copy,
                verify,
                reads,
                switchPlan,
                fence,
                hash);
    }

    MigrationPlan withHash(String newHash) {
        return new MigrationPlan(
                migration,
                strategy,
                old,
                meta,
                shards,
                shardKey,
                layout,
                control,
                tables,
                handover,
                frozenTables,
                copy,
                verify,
                reads,
                switchPlan,
                fence,
                newHash);
    }

    /** The table with this name on NEW. */
    public TablePlan table(String name) {
        return tables.stream()
                .filter(table -> table.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("The plan has no table '" + name + "'; it has "
                        + tables.stream().map(TablePlan::name).toList() + "."));
    }

    public List<TablePlan> dynamicTables() {
        return tables.stream().filter(TablePlan::dynamic).toList();
    }

    public List<TablePlan> staticTables() {
        return tables.stream().filter(table -> !table.dynamic()).toList();
    }

    public Endpoint endpoint(DatabaseId id) {
        if (id.equals(DatabaseId.OLD)) {
            return old;
        }
        return id.equals(DatabaseId.META) ? meta : shards.get(shardDatabases().indexOf(id));
    }

    /** {@code shard-0} to {@code shard-(N-1)}. */
    public List<DatabaseId> shardDatabases() {
        return IntStream.range(0, shards.size()).mapToObj(DatabaseId::shard).toList();
    }

    /** {@code meta}, then the shard databases. */
    public List<DatabaseId> newDatabases() {
        List<DatabaseId> databases = new ArrayList<>();
        databases.add(DatabaseId.META);
        databases.addAll(shardDatabases());
        return List.copyOf(databases);
    }

    /** Every fenced database: {@code old}, {@code meta}, the shard databases. */
    public List<DatabaseId> databases() {
        List<DatabaseId> databases = new ArrayList<>();
        databases.add(DatabaseId.OLD);
        databases.addAll(newDatabases());
        return List.copyOf(databases);
    }

    /** Where a slot of a table lives on NEW: {@code meta} for static tables. */
    public DatabaseId databaseOf(TablePlan table, int slot) {
        return table.dynamic() ? DatabaseId.shard(layout.databaseOf(slot)) : DatabaseId.META;
    }

    /** The physical table of a slot on NEW; static tables have one. */
    public String physicalTable(TablePlan table, int slot) {
        return table.dynamic() ? layout.physicalTable(table.name(), slot) : table.name();
    }

    /** The migrated tables of a database as they are named there: the static ones in {@code meta}, every physical table of a shard. */
    public List<String> tablesIn(DatabaseId database) {
        Set<String> names = new LinkedHashSet<>();
        for (TablePlan table : tables) {
            names.addAll(tablesIn(database, table));
        }
        return List.copyOf(names);
    }

    /** The same for one table; empty when the database holds nothing of it. */
    public List<String> tablesIn(DatabaseId database, TablePlan table) {
        if (database.equals(DatabaseId.OLD)) {
            return List.of(table.fromTable());
        }
        if (!table.dynamic()) {
            return database.equals(DatabaseId.META) ? List.of(table.name()) : List.of();
        }
        int shard = shardDatabases().indexOf(database);
        return shard < 0
                ? List.of()
                : IntStream.range(0, layout.tables())
                        .mapToObj(number -> physicalTable(table, shard * layout.tables() + number))
                        .toList();
    }
}
