package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.counter.CountedStock;
import dev.cutover.coupon.counter.RedisPieceCounter;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.redis.RedisDoor;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.stock.StockLots;
import dev.cutover.coupon.stock.StockStrategy;
import dev.cutover.sandbox.RedisServer;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A counter in Redis hands out stock; whatever becomes of it, the database issues each piece once. */
final class StockCounterIT {
    private static final int TOTAL = 80;
    private static final int FIRST = SmallMall.DATABASES;
    private static final StockLots.Size SMALL = new StockLots.Size(300, 10);

    private static SideUnderTest side;
    private static RedisServer redis;
    private static ScheduledExecutorService scheduler;
    private static RedisDoor door;

    @BeforeAll
    static void open() {
        side = SideUnderTest.open(Side.NEW);
        redis = RedisServer.start("stock-counter");
        scheduler = Executors.newScheduledThreadPool(3);
        door = RedisDoor.open(redis.uri(), scheduler);
    }

    @AfterAll
    static void close() {
        door.close();
        scheduler.shutdownNow();
        redis.close();
        side.close();
    }

    @BeforeEach
    void redisIsThere() {
        Awaitility.await().until(door::available);
    }

    private static CouponRooms rooms(CountedStock.Admission admission) {
        return side.roomsCounting(
                new CouponRooms.Counting(StockStrategy.REDIS, new RedisPieceCounter(door), admission, SMALL));
    }

    private static void claim(CouponRooms rooms, long user, long template, int quantity) {
        rooms.claims()
                .claim(
                        user,
                        new TemplateId(template),
                        quantity,
                        UUID.randomUUID().toString());
    }

    private static void claim(CouponRooms rooms, long template, int quantity) {
        claim(rooms, side.mall().user(), template, quantity);
    }

    private static long userOf(int database) {
        long user;
        do {
            user = side.mall().user();
        } while (side.mall().plan.layout().databaseOf(side.mall().plan.layout().slot(user)) != database);
        return user;
    }

    /** Claims until nothing is left; how many coupons that were. */
    private static int claimAll(CouponRooms rooms, long template) {
        for (int granted = 0; ; granted++) {
            try {
                claim(rooms, template, 1);
            } catch (Refusal e) {
                assertThat(e.reason()).isEqualTo(Reason.SOLD_OUT);
                return granted;
            }
        }
    }

    /** A template of which both databases have a lot that is counted; each has issued one coupon. */
    private static long counted(CouponRooms rooms, int total) {
        long template = side.mall().template(total, 0);
        openLots(rooms, template);
        assertThat(lots(template)).isEqualTo(SmallMall.DATABASES);
        return template;
    }

    private static void openLots(CouponRooms rooms, long template) {
        for (int database = 0; database < SmallMall.DATABASES; database++) {
            claim(rooms, userOf(database), template, 1);
            rooms.lots().tick();
        }
    }

    /** What a twin wrote for lots that were gone. */
    private static void forgetPieces() {
        for (DatabaseId shard : side.mall().plan.shardDatabases()) {
            side.mall().execute(shard, "DELETE FROM stock_piece");
        }
    }

    private static long lots(long template) {
        return inAll("SELECT COUNT(*) FROM stock_lot WHERE template_id = ?", template);
    }

    private static long pieces(long template) {
        return inAll("SELECT COUNT(*) FROM stock_piece JOIN stock_lot USING (lot_id) WHERE template_id = ?", template);
    }

    private static long inAll(String sql, long template) {
        long sum = 0;
        for (DatabaseId shard : side.mall().plan.shardDatabases()) {
            sum += side.mall().number(shard, sql, template);
        }
        return sum;
    }

    private static void closeLots(TemplateId template) throws SQLException {
        for (DatabaseId shard : side.mall().plan.shardDatabases()) {
            try (Connection connection = side.mall().topology.units(shard).getConnection()) {
                var unused = StockLots.close(connection, template);
                connection.commit();
            }
        }
    }

    private static String redis(String command) {
        try (Socket socket = new Socket("127.0.0.1", redis.port())) {
            socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
            byte[] answer = new byte[4096];
            int length = socket.getInputStream().read(answer);
            String text = new String(answer, 0, Math.max(0, length), StandardCharsets.US_ASCII);
            assertThat(text).as(command).doesNotStartWith("-");
            return text;
        } catch (IOException e) {
            throw new IllegalStateException(command + ": " + e.getMessage(), e);
        }
    }

    private static void countersGoBack(long template) {
        for (int database = 0; database < SmallMall.DATABASES; database++) {
            redis("HSET stock:{" + template + ":" + database + "} next 0");
        }
    }

    private static void allIsIssuedAndNotOneMore(long template, int granted, int total) {
        assertThat(granted).isEqualTo(total);
        assertThat(side.mall().issued(Side.NEW, template)).isEqualTo(total);
        assertThat(side.mall().remaining(template)).isZero();
        assertThat(CouponInvariants.violated(side.mall()))
                .filteredOn(violation -> violation.contains("template " + template) || violation.startsWith("1 "))
                .isEmpty();
    }

    @Test
    void whateverHappensToRedisInAStormTheTotalIsIssuedAndNotOneMore()
            throws ExecutionException, InterruptedException, TimeoutException {
        int total = 1_500;
        AtomicInteger byNumber = new AtomicInteger();
        AtomicInteger refusedNumbers = new AtomicInteger();
        CouponRooms rooms = rooms((connection, template, pieces) -> {
            boolean issued = StockLots.issue(connection, template, pieces);
            (issued ? byNumber : refusedNumbers).incrementAndGet();
            return issued;
        });
        long template = side.mall().template(total, 0);
        AtomicInteger granted = new AtomicInteger();
        ScheduledExecutorService janitor = Executors.newScheduledThreadPool(2);
        ExecutorService clients = Executors.newFixedThreadPool(8);
        try {
            var unused = janitor.scheduleWithFixedDelay(rooms.lots()::tick, 0, 1, TimeUnit.MILLISECONDS);
            var alsoUnused = janitor.scheduleWithFixedDelay(rooms::tidy, 50, 50, TimeUnit.MILLISECONDS);
            Future<?>[] storm = new Future<?>[8];
            for (int i = 0; i < storm.length; i++) {
                storm[i] = clients.submit(() -> {
                    while (true) {
                        try {
                            claim(rooms, template, 1);
                            granted.incrementAndGet();
                        } catch (Refusal e) {
                            assertThat(e.reason()).isEqualTo(Reason.SOLD_OUT);
                            return;
                        }
                    }
                });
            }
            granted(granted, 150);
            redis("FLUSHALL");
            granted(granted, 400);
            redis("SAVE");
            granted(granted, 430);
            redis.kill();
            redis.restart();
            assertThat(redis("EXISTS stock:{" + template + ":0} stock:{" + template + ":1}"))
                    .as("it came back with what it knew a moment ago")
                    .startsWith(":2");
            Awaitility.await().until(door::available);
            granted(granted, 700);
            redis.stopProcess();
            granted(granted, 850);
            redis.resumeProcess();
            granted(granted, 1_000);
            redis.kill();
            granted(granted, 1_100);
            redis.restart();
            for (Future<?> client : storm) {
                client.get(30, TimeUnit.SECONDS);
            }
        } finally {
            clients.shutdownNow();
            janitor.shutdownNow();
            assertThat(janitor.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        }
        allIsIssuedAndNotOneMore(template, granted.get(), total);
        assertThat(byNumber).hasValueGreaterThan(200);
        assertThat(refusedNumbers)
                .as("numbers that were handed out again after the restart")
                .hasValueGreaterThan(0);
    }

    private static void granted(AtomicInteger granted, int least) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(2))
                .until(() -> granted.get() >= least);
    }

    @Test
    void aCounterThatWentBackIssuesNothingTwice() {
        CouponRooms rooms = rooms(StockLots::issue);
        long template = counted(rooms, TOTAL);
        for (int i = 0; i < 20; i++) {
            claim(rooms, template, 1);
        }
        assertThat(pieces(template)).isGreaterThan(9);
        countersGoBack(template);
        allIsIssuedAndNotOneMore(template, FIRST + 20 + claimAll(rooms, template), TOTAL);
    }

    @Test
    void aTwinThatTakesTheCountersWordForItOversells() {
        CouponRooms twin = rooms((connection, template, pieces) ->
                Sql.update(connection, "INSERT IGNORE INTO stock_piece VALUES (?, ?)", pieces.lot(), pieces.first())
                        >= 0);
        long template = counted(twin, TOTAL);
        for (int i = 0; i < 20; i++) {
            claim(twin, template, 1);
        }
        countersGoBack(template);
        assertThat(FIRST + 20 + claimAll(twin, template)).isGreaterThan(TOTAL);
        forgetPieces();
    }

    /** Between the number and its coupon the client is so slow that its lot is closed. */
    private static CountedStock.Admission late(CountedStock.Admission then) {
        AtomicBoolean first = new AtomicBoolean(true);
        return (connection, template, pieces) -> {
            if (first.compareAndSet(true, false)) {
                closeLots(template);
            }
            return then.issue(connection, template, pieces);
        };
    }

    @Test
    void aClientThatComesLateWithANumberOfAClosedLotTakesAnotherPiece() {
        CouponRooms rooms = rooms(late(StockLots::issue));
        long template = counted(rooms, TOTAL);
        allIsIssuedAndNotOneMore(template, FIRST + claimAll(rooms, template), TOTAL);
    }

    @Test
    void aTwinThatDoesNotAskForTheLotOversells() {
        CouponRooms twin = rooms(late((connection, template, pieces) ->
                Sql.update(connection, "INSERT INTO stock_piece VALUES (?, ?)", pieces.lot(), pieces.first()) == 1));
        long template = counted(twin, TOTAL);
        assertThat(FIRST + claimAll(twin, template)).isGreaterThan(TOTAL);
        forgetPieces();
    }

    @Test
    void numbersWhoseClaimsFailedComeBackWhenTheirLotIsClosed() {
        AtomicInteger failures = new AtomicInteger();
        CouponRooms rooms = rooms((connection, template, pieces) -> {
            boolean issued = StockLots.issue(connection, template, pieces);
            if (failures.get() > 0 && failures.getAndDecrement() > 0) {
                throw new IllegalStateException("the process is not well");
            }
            return issued;
        });
        long template = counted(rooms, TOTAL);
        failures.set(12);
        while (failures.get() > 0) {
            assertThatThrownBy(() -> claim(rooms, template, 1)).hasMessage("the process is not well");
        }
        assertThat(side.mall().remaining(template)).isEqualTo(TOTAL - FIRST);
        allIsIssuedAndNotOneMore(template, FIRST + claimAll(rooms, template), TOTAL);
    }

    @Test
    void severalCouponsOfOneClaimTakeNumbersThatFollowOneAnother() {
        CouponRooms rooms = rooms(StockLots::issue);
        long template = counted(rooms, TOTAL);
        long before = pieces(template);
        claim(rooms, template, 7);
        assertThat(pieces(template)).isEqualTo(before + 7);
        countersGoBack(template);
        claim(rooms, template, 5);
        assertThat(side.mall().issued(Side.NEW, template)).isEqualTo(FIRST + 12);
        assertThat(side.mall().remaining(template)).isEqualTo(TOTAL - FIRST - 12);
    }

    @Test
    void anInstanceWithoutRedisHasWhatIsOutInLotsToo() {
        long template = counted(rooms(StockLots::issue), TOTAL);
        assertThat(lots(template)).isEqualTo(SmallMall.DATABASES);
        allIsIssuedAndNotOneMore(template, FIRST + claimAll(side.rooms(), template), TOTAL);
        assertThat(lots(template)).isZero();
    }

    @Test
    void theBackOfficeSeesAndTakesWhatIsOutInLots() {
        CouponRooms rooms = rooms(StockLots::issue);
        long template = counted(rooms, TOTAL);
        claim(rooms, template, 3);
        long left = TOTAL - FIRST - 3;
        TemplateId id = new TemplateId(template);
        assertThat(rooms.backOffice().levels().of(id).path("remaining").asLong())
                .isEqualTo(left);
        Operator ann = new Operator("ann@mall");
        assertThatThrownBy(() -> rooms.backOffice().adjustments().adjust(id, "too-many", -left - 1, ann))
                .isInstanceOfSatisfying(
                        Refusal.class, refusal -> assertThat(refusal.reason()).isEqualTo(Reason.STOCK_BELOW_ISSUED));
        rooms.backOffice().adjustments().adjust(id, "all-but-one", -left + 1, ann);
        assertThat(side.mall().remaining(template)).isEqualTo(1);
        assertThat(claimAll(rooms, template)).isEqualTo(1);
    }

    @Test
    void lotsThatAnotherOneFollowedAreClosedByWhoeverTidies() {
        CouponRooms rooms = rooms(StockLots::issue);
        long template = counted(rooms, 4 * TOTAL);
        redis("FLUSHALL");
        openLots(rooms, template);
        assertThat(lots(template)).isEqualTo(2 * SmallMall.DATABASES);
        side.rooms().tidy();
        assertThat(lots(template)).isEqualTo(SmallMall.DATABASES);
        assertThat(side.mall().remaining(template)).isEqualTo(4 * TOTAL - 2 * FIRST);
    }

    @Test
    void fewPiecesAreNotPutIntoLots() {
        CouponRooms rooms = rooms(StockLots::issue);
        long template = side.mall().template(20, 0);
        claim(rooms, template, 1);
        rooms.lots().tick();
        assertThat(lots(template)).isZero();
        allIsIssuedAndNotOneMore(template, 1 + claimAll(rooms, template), 20);
    }
}
