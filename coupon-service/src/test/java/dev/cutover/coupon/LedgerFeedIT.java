package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.ledger.Act;
import dev.cutover.coupon.ledger.Entry;
import dev.cutover.coupon.ledger.Ledger;
import dev.cutover.coupon.ledger.LedgerFeed;
import dev.cutover.coupon.store.SlotUsers;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A reader of the ledger beside transactions that commit in another order than they began. */
final class LedgerFeedIT {
    private static final int DATABASE = 0;

    private SideUnderTest side;
    private LedgerFeed feed;
    private LedgerFeed impatient;

    @BeforeEach
    void open() {
        side = SideUnderTest.open(Side.NEW);
        feed = feed(InstantSource.system(), Failpoints.NONE);
        // To this one every gap is older than its patience.
        impatient = feed(InstantSource.offset(InstantSource.system(), Duration.ofHours(1)), Failpoints.NONE);
    }

    private LedgerFeed feed(InstantSource clock, Failpoints failpoints) {
        return new LedgerFeed(
                side.mall().topology,
                side.rooms().databases(),
                new SlotUsers(side.mall().plan.layout()),
                clock,
                failpoints);
    }

    @AfterEach
    void close() {
        side.close();
    }

    private Connection unit() throws SQLException {
        Connection connection =
                side.mall().topology.database(DatabaseId.shard(DATABASE)).getConnection();
        connection.setAutoCommit(false);
        return connection;
    }

    private static void append(Connection unit, long coupon) throws SQLException {
        Ledger.append(unit, List.of(entry(coupon)));
    }

    private static Entry entry(long coupon) {
        return Entry.of(
                Act.ISSUE, new CouponId(coupon), 7, new TemplateId(1), 1, 0, "claim:k", System.currentTimeMillis());
    }

    private static List<Long> coupons(List<Ledger.Numbered> entries) {
        return entries.stream()
                .filter(one -> one.entry().act() != Act.NOTHING)
                .map(one -> one.entry().coupon().number())
                .toList();
    }

    /** Reads on until nothing more comes. */
    private static List<Ledger.Numbered> drain(LedgerFeed feed) {
        List<Ledger.Numbered> all = new ArrayList<>();
        int rounds = 0;
        while (rounds < 3) {
            long after = all.isEmpty() ? 0 : all.get(all.size() - 1).id();
            List<Ledger.Numbered> more = feed.next(DATABASE, after, 2);
            all.addAll(more);
            rounds = more.isEmpty() ? rounds + 1 : 0;
        }
        return all;
    }

    @Test
    void aSlowTransactionIsWaitedForAndNotPassedOver()
            throws ExecutionException, InterruptedException, SQLException, TimeoutException {
        try (Connection slow = unit();
                Connection fast = unit()) {
            append(slow, 1);
            append(fast, 2);
            fast.commit();
            // A reader that goes by the highest number it saw would answer 2 and never see 1.
            assertThat(feed.next(DATABASE, 0, 10)).isEmpty();
            CompletableFuture<List<Ledger.Numbered>> waiting = CompletableFuture.supplyAsync(() -> drain(impatient));
            Awaitility.await().until(() -> waits("INSERT INTO coupon_ledger (entry_id%"));
            slow.commit();
            assertThat(coupons(waiting.get(20, TimeUnit.SECONDS))).containsExactly(1L, 2L);
        }
    }

    @Test
    void aTwinThatReadsOverGapsNeverSeesTheSlowTransaction() throws SQLException {
        LedgerFeed twin = feed(InstantSource.system(), Planted.alone("ledger.readsOverGaps"));
        try (Connection slow = unit();
                Connection fast = unit()) {
            append(slow, 1);
            append(fast, 2);
            fast.commit();
            List<Ledger.Numbered> read = new ArrayList<>(twin.next(DATABASE, 0, 10));
            slow.commit();
            read.addAll(twin.next(DATABASE, read.get(read.size() - 1).id(), 10));
            assertThat(coupons(read)).as("1 is lost").containsExactly(2L);
            assertThat(coupons(drain(feed))).containsExactly(1L, 2L);
        }
    }

    private boolean waits(String statement) {
        return side.mall()
                        .number(
                                DatabaseId.OLD,
                                "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' AND trx_query LIKE ?",
                                statement)
                > 0;
    }

    @Test
    void theNumberOfATransactionThatEndedWithoutItIsClosed() throws SQLException {
        try (Connection ends = unit();
                Connection stays = unit()) {
            append(stays, 1);
            append(ends, 2);
            append(stays, 3);
            stays.commit();
            ends.rollback();
            assertThat(coupons(feed.next(DATABASE, 0, 10))).containsExactly(1L);
            List<Ledger.Numbered> all = drain(impatient);
            assertThat(all).extracting(Ledger.Numbered::id).containsExactly(1L, 2L, 3L);
            assertThat(coupons(all)).containsExactly(1L, 3L);
            assertThat(all.get(1).entry().act()).isEqualTo(Act.NOTHING);
        }
    }

    @Test
    void aReaderFarBehindReadsItsPartAndNotAllThatCameSince() throws SQLException {
        int entries = 3_000;
        int parts = 20;
        List<Entry> many = new ArrayList<>();
        for (int i = 0; i < entries; i++) {
            many.add(entry(i + 1));
        }
        try (Connection unit = unit()) {
            Ledger.append(unit, many);
            unit.commit();
        }
        long before = rowsRead();
        long after = 0;
        for (int part = 0; part < parts; part++) {
            List<Ledger.Numbered> read = feed.next(DATABASE, after, 10);
            assertThat(read).hasSize(10);
            after = read.get(9).id();
        }

        // Others of the server read some, too; whoever reads to the end each time reads 20 x 3,000.
        assertThat(rowsRead() - before).isLessThan(parts * entries / 4);
    }

    private long rowsRead() throws SQLException {
        try (Connection connection = unit();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SHOW GLOBAL STATUS LIKE 'Innodb_rows_read'")) {
            row.next();
            return row.getLong(2);
        }
    }
}
