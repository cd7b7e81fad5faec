package dev.cutover.chaos.bench;

import dev.cutover.chaos.stand.ChaosFailedException;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.verifier.Verdict;
import dev.cutover.verifier.VerificationReport;
import dev.cutover.verifier.Verifier;
import dev.cutover.verifier.VerifyListener;
import dev.cutover.verifier.VerifyOptions;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/**
 * How long a pass of the verifier takes beside plainer ways to compare the same rows, in turns, from warm memory. Used once, by one
 * thread.
 */
final class VerifyBench {
    private static final String TABLE = "user_coupon";

    private final Path folder;
    private final int rows;
    private final int rounds;
    private final Consumer<String> says;

    VerifyBench(Path folder, int rows, int rounds, Consumer<String> says) {
        this.folder = folder;
        this.rows = rows;
        this.rounds = rounds;
        this.says = says;
    }

    /** Wall time, and the processor time of the servers and of this process. */
    private record Took(double seconds, double processor) {}

    /** One way to compare both sides, and what it took each time. */
    private record Way(String what, Callable<Boolean> run, List<Took> took) {
        Way(String what, Callable<Boolean> run) {
            this(what, run, new ArrayList<>());
        }

        double seconds() {
            return median(took.stream().map(Took::seconds).toList());
        }

        double processor() {
            return median(took.stream().map(Took::processor).toList());
        }

        private static double median(List<Double> values) {
            return values.stream().sorted().toList().get(values.size() / 2);
        }
    }

    List<Figure> run() {
        says.accept("Three servers, " + rows + " coupons, copied to 4 x 16 tables …");
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try (CopiedMall mall = CopiedMall.start(folder, rows, TABLE)) {
            Verifier verifier = new Verifier(mall.plan(), mall.topology(), mall.control());
            Floors floors = new Floors(mall, TABLE, threads);
            Way ours = new Way("the pass", () -> verify(verifier).verdict() == Verdict.EQUAL);
            Way atOnce = new Way("CHECKSUM TABLE of both sides, all servers at once", () -> {
                floors.checksumTablesAtOnce();
                return true;
            });
            Way inTurn = new Way("CHECKSUM TABLE of both sides, one table after the other", () -> {
                floors.checksumTables();
                return true;
            });
            Way crc = new Way("CRC32 of each row folded by XOR, all servers at once", floors::crcXorEqual);
            Way rowByRow = new Way("row by row over JDBC, three sessions", () -> floors.unequalRowByRow() == 0);
            List<Way> ways = List.of(ours, atOnce, inTurn, crc, rowByRow);
            for (Way way : ways) {
                measured(mall, way);
                way.took().clear();
            }
            for (int round = 0; round < rounds; round++) {
                for (Way way : ways) {
                    Took took = measured(mall, way);
                    says.accept(String.format(
                            Locale.ROOT,
                            "  %d %-60s %.3f s, processor %.3f s",
                            round,
                            way.what(),
                            took.seconds(),
                            took.processor()));
                }
            }
            List<Figure> figures = new ArrayList<>();
            figures.add(figure("verify.pass", ours.seconds(), atOnce.what(), atOnce.seconds()));
            figures.add(figure("verify.pass.in_turn", ours.seconds(), inTurn.what(), inTurn.seconds()));
            figures.add(figure("verify.pass.processor", ours.processor(), atOnce.what(), atOnce.processor()));
            figures.add(figure("verify.pass.crc32", ours.seconds(), crc.what(), crc.seconds()));
            figures.add(figure("verify.pass.rows", ours.seconds(), rowByRow.what(), rowByRow.seconds()));
            figures.add(
                    new Figure("verify.rate", verify(verifier).rowsCompared() / ours.seconds(), "rows/s of each side"));
            figures.addAll(blindSpot(mall, verifier, floors));
            return figures;
        } catch (SQLException e) {
            throw new ChaosFailedException("The comparison could not be measured: " + e.getMessage(), e);
        } finally {
            threads.shutdownNow();
        }
    }

    private static Figure figure(String name, double seconds, String floor, double floorSeconds) {
        return new Figure(name, seconds, "s", new Figure.Floor(floor, floorSeconds));
    }

    private static VerificationReport verify(Verifier verifier) {
        return verifier.verifyOnce(new VerifyOptions(Set.of(TABLE), true, VerifyListener.SILENT));
    }

    private static Took measured(CopiedMall mall, Way way) {
        Duration worked = processor(mall);
        long begun = System.nanoTime();
        boolean equal;
        try {
            equal = way.run().call();
        } catch (Exception e) {
            throw new ChaosFailedException(way.what() + " failed: " + e.getMessage(), e);
        }
        Took took = new Took(
                (System.nanoTime() - begun) / 1e9, processor(mall).minus(worked).toMillis() / 1e3);
        if (!equal) {
            throw new ChaosFailedException(way.what() + " does not find equal what was copied.", null);
        }
        way.took().add(took);
        return took;
    }

    private static Duration processor(CopiedMall mall) {
        return mall.servers().stream()
                .map(server -> server.info().totalCpuDuration().orElse(Duration.ZERO))
                .reduce(ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO), Duration::plus);
    }

    /** The same change in two rows of one table and of one template: an XOR of CRC32 does not see it. */
    private List<Figure> blindSpot(CopiedMall mall, Verifier verifier, Floors floors) throws SQLException {
        TablePlan table = mall.plan().table(TABLE);
        DatabaseId database = mall.plan().databaseOf(table, 0);
        String physical = Identifier.quote(mall.plan().physicalTable(table, 0));
        String twoRows = value(
                mall,
                database,
                "SELECT CONCAT(MIN(coupon_id), ', ', MAX(coupon_id)) FROM " + physical
                        + " WHERE deleted = 0 GROUP BY template_id HAVING COUNT(*) > 1 LIMIT 1");
        execute(mall, database, "UPDATE " + physical + " SET deleted = 1 WHERE coupon_id IN (" + twoRows + ")");
        long found = verify(verifier).differenceCount();
        boolean blind = floors.crcXorEqual();
        execute(mall, database, "UPDATE " + physical + " SET deleted = 0 WHERE coupon_id IN (" + twoRows + ")");
        if (found != 2 || !blind) {
            throw new ChaosFailedException(
                    "Of two rows changed alike the pass found " + found + ", and the XOR of CRC32 "
                            + (blind ? "none" : "some") + "; expected 2 and none.",
                    null);
        }
        return List.of(
                new Figure("verify.two_changed_alike.found", found, "rows"),
                new Figure("verify.two_changed_alike.found_by_crc32", 0, "rows"));
    }

    private static String value(CopiedMall mall, DatabaseId database, String sql) throws SQLException {
        try (Connection connection = mall.topology().database(database).getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return String.valueOf(row.getString(1));
        }
    }

    private static void execute(CopiedMall mall, DatabaseId database, String sql) throws SQLException {
        try (Connection connection = mall.topology().database(database).getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
