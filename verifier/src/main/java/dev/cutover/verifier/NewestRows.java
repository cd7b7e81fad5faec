package dev.cutover.verifier;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.verifier.drill.RowSides;
import dev.cutover.verifier.drill.Sighting;
import dev.cutover.verifier.grid.ComparedTable;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Compares the newest rows of every dynamic table where nothing moves, in both directions, in a few round trips. Owned by one thread.
 *
 * <p>For the pause of a switch: all that does not depend on the rows (columns, statements) is made by {@link #prepare} before it. Of many
 * physical tables some are looked at, drawn anew each time: the grid has proven all of them, and a thousand tables would take a second. A row
 * counts as unequal when it is not at its own place on the other side with the same hash; rows that are not mapped are left out.
 */
public final class NewestRows {
    private static final Duration STATEMENT_LIMIT = Duration.ofSeconds(5);
    private static final int ROWS_OF_OLD = 40;
    private static final int MOST_TABLES = 64;

    private final ExecutorService threads;
    private final List<RowSides> tables;
    private final Map<RowSides, Map<DatabaseId, List<Integer>>> slots = new HashMap<>();

    private NewestRows(ExecutorService threads, List<RowSides> tables, RandomGenerator random) {
        this.threads = threads;
        this.tables = tables;
        for (RowSides sides : tables) {
            slots.put(sides, sample(sides.table().slotsByDatabase(), MOST_TABLES, random));
        }
    }

    /** At most so many slots, as many of each database, at least one. */
    static Map<DatabaseId, List<Integer>> sample(
            Map<DatabaseId, List<Integer>> slots, int most, RandomGenerator random) {
        int each = Math.max(1, most / Math.max(1, slots.size()));
        Map<DatabaseId, List<Integer>> sample = new LinkedHashMap<>();
        slots.forEach((database, all) -> {
            List<Integer> left = new ArrayList<>(all);
            List<Integer> drawn = new ArrayList<>();
            while (!left.isEmpty() && drawn.size() < each) {
                drawn.add(left.remove(random.nextInt(left.size())));
            }
            sample.put(database, drawn.stream().sorted().toList());
        });
        return sample;
    }

    /**
     * What was seen.
     *
     * @param rows how many rows were compared
     * @param unequal the rows that are not the same on the other side: table and key on NEW
     */
    public record Outcome(int rows, List<String> unequal) {
        public Outcome {
            unequal = List.copyOf(unequal);
        }
    }

    /** Reads the columns of both sides and compares once, so that statements and sessions are warm. */
    public static NewestRows prepare(MigrationPlan plan, Topology topology, ExecutorService threads)
            throws SQLException {
        SecureRandom random = new SecureRandom();
        byte[] salt = new byte[16];
        random.nextBytes(salt);
        List<RowSides> tables = new ArrayList<>();
        for (TablePlan table : plan.dynamicTables()) {
            ComparedTable compared = ComparedTable.read(
                    topology,
                    Projection.forward(topology, table),
                    HexFormat.of().formatHex(salt));
            tables.add(new RowSides(topology, compared, STATEMENT_LIMIT));
        }
        NewestRows rows = new NewestRows(threads, tables, random);
        // Rows still move, so what this one finds means nothing.
        rows.compare();
        return rows;
    }

    /** Compares. Both sides must stand still. */
    public Outcome compare() {
        List<Callable<List<Sighting>>> newest = new ArrayList<>();
        List<RowSides> owners = new ArrayList<>();
        for (RowSides sides : tables) {
            newest.add(() -> sides.newestOfSource(ROWS_OF_OLD));
            owners.add(sides);
            slots.getOrDefault(sides, Map.of()).forEach((database, some) -> {
                newest.add(() -> sides.newestOfTarget(database, some));
                owners.add(sides);
            });
        }
        List<List<Sighting>> found = all(newest);
        Map<RowSides, List<Sighting>> ofOld = new HashMap<>();
        Map<RowSides, List<Sighting>> ofNew = new HashMap<>();
        for (int i = 0; i < found.size(); i++) {
            boolean old = i == 0 || owners.get(i) != owners.get(i - 1);
            (old ? ofOld : ofNew)
                    .computeIfAbsent(owners.get(i), any -> new ArrayList<>())
                    .addAll(found.get(i));
        }

        List<String> unequal = new ArrayList<>();
        int rows = 0;
        List<Callable<List<String>>> checks = new ArrayList<>();
        for (RowSides sides : tables) {
            List<Sighting> fromOld = ofOld.getOrDefault(sides, List.of()).stream()
                    .filter(sighting -> sighting.slot() >= 0)
                    .toList();
            List<Sighting> fromNew = ofNew.getOrDefault(sides, List.of());
            rows += fromOld.size() + fromNew.size();
            Map<DatabaseId, List<Sighting>> byDatabase = new TreeMap<>();
            for (Sighting sighting : fromOld) {
                byDatabase
                        .computeIfAbsent(sides.table().databaseOf(sighting.slot()), any -> new ArrayList<>())
                        .add(sighting);
            }
            byDatabase.forEach((database, sightings) -> checks.add(() -> unlikeNew(sides, database, sightings)));
            if (!fromNew.isEmpty()) {
                checks.add(() -> unlikeOld(sides, fromNew));
            }
        }
        all(checks).forEach(unequal::addAll);
        return new Outcome(rows, unequal);
    }

    private static List<String> unlikeNew(RowSides sides, DatabaseId database, List<Sighting> ofOld) {
        Map<Integer, List<RowKey>> places = new TreeMap<>();
        ofOld.forEach(sighting -> places.computeIfAbsent(sighting.slot(), any -> new ArrayList<>())
                .add(sighting.targetKey()));
        Map<RowKey, Sighting> there = new HashMap<>();
        sides.targetByPlace(database, places).forEach(sighting -> there.put(sighting.targetKey(), sighting));
        return ofOld.stream()
                .filter(sighting -> !same(sighting, there.get(sighting.targetKey())))
                .map(sighting ->
                        sides.table().name() + " " + sighting.targetKey().parts() + " of old")
                .toList();
    }

    private static List<String> unlikeOld(RowSides sides, List<Sighting> ofNew) {
        Map<RowKey, Sighting> there = new HashMap<>();
        List<RowKey> keys =
                ofNew.stream().map(Sighting::sourceKey).filter(Objects::nonNull).toList();
        sides.sourceByKeys(keys).forEach(sighting -> there.put(sighting.targetKey(), sighting));
        return ofNew.stream()
                .filter(sighting -> !same(sighting, there.get(sighting.targetKey())))
                .map(sighting ->
                        sides.table().name() + " " + sighting.targetKey().parts() + " of new")
                .toList();
    }

    private static boolean same(Sighting one, @Nullable Sighting other) {
        return other != null && one.slot() == other.slot() && one.hash().equals(other.hash());
    }

    private <T> List<T> all(List<? extends Callable<T>> tasks) {
        try {
            List<T> results = new ArrayList<>();
            for (Future<T> future : threads.invokeAll(tasks)) {
                results.add(future.get());
            }
            return results;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new VerificationFailedException("The comparison of the newest rows was interrupted.", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new VerificationFailedException("The newest rows could not be compared: " + e.getMessage(), e);
        }
    }
}
