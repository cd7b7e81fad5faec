package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.replica.ForgetfulReplicas;
import dev.cutover.coupon.replica.ReplicaAddress;
import dev.cutover.coupon.replica.Replicas;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.sandbox.MySqlServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Pages are read from a real replica while it keeps up, and whoever was given a coupon sees it whether it does or not. */
final class ReplicasIT {
    private static SmallMall mall;
    private static MySqlServer replica;
    private static CouponService one;
    private static CouponService other;
    private static HttpClient client;
    private static long template;

    @BeforeAll
    static void open() throws SQLException {
        MySqlServer primary = MySqlServer.shared();
        String before = executed(primary);
        mall = SmallMall.open();
        replica = MySqlServer.start(MySqlServer.Options.named("coupon-replica")
                .withFlags("--sync-binlog=0", "--innodb-flush-log-at-trx-commit=2", "--innodb-buffer-pool-size=64M"));
        replica.execute(
                "RESET MASTER",
                // The other databases of the shared server are no concern of ours.
                "SET GLOBAL gtid_purged = '" + before + "'",
                "CHANGE REPLICATION FILTER REPLICATE_WILD_DO_TABLE = ('" + mall.databases() + "')",
                "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=" + primary.port() + ", MASTER_USER='"
                        + primary.rootUser() + "', MASTER_PASSWORD='" + primary.rootPassword()
                        + "', MASTER_AUTO_POSITION=1, GET_MASTER_PUBLIC_KEY=1",
                "START SLAVE",
                "SET GLOBAL read_only = 1");
        mall.moveTruth(Side.NEW);
        template = mall.template(100_000, 0);
        one = service("replicas-one");
        other = service("replicas-other");
        client = HttpClient.newHttpClient();
    }

    private static CouponService service(String name) {
        return CouponService.start(
                mall.plan,
                new CouponService.Options(0, name, Optional.empty(), Duration.ofSeconds(5), InstantSource.system())
                        .reading(following(MySqlServer.shared().port())));
    }

    private static ReplicaAddress following(int primary) {
        return new ReplicaAddress("127.0.0.1:" + primary, "127.0.0.1", replica.port());
    }

    @AfterAll
    static void close() {
        one.close();
        other.close();
        replica.close();
        mall.close();
    }

    @BeforeEach
    void whileTheReplicaKeepsUp() {
        awaitServing(1);
    }

    private static void awaitServing(int serving) {
        for (CouponService service : List.of(one, other)) {
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> metric(service, "coupon_replica_serving{") == serving);
        }
    }

    private static String executed(MySqlServer server) throws SQLException {
        try (Connection connection = server.connect()) {
            return Sql.first(connection, row -> row.getString(1), "SELECT @@GLOBAL.gtid_executed")
                    .orElseThrow()
                    .replace("\n", "");
        }
    }

    private static HttpResponse<String> send(CouponService service, String method, String path, String body) {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
                .headers("Idempotency-Key", UseRig.key(), "X-Operator", "ann")
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build();
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new AssertionError(request + " was not answered", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static JsonNode done(HttpResponse<String> reply) {
        assertThat(reply.statusCode()).as(reply.body()).isBetween(200, 299);
        return StoreConformance.json(reply.body());
    }

    private static String claim(CouponService service, long user) {
        return done(send(
                        service,
                        "POST",
                        "/v1/claims",
                        "{\"user_id\":" + user + ",\"items\":[{\"template_id\":\"tpl_" + template + "\"}]}"))
                .at("/coupons/0/id")
                .asText();
    }

    private static List<String> list(CouponService service, long user) {
        List<String> ids = new ArrayList<>();
        done(send(service, "GET", "/v1/users/" + user + "/coupons", ""))
                .path("data")
                .forEach(coupon -> ids.add(coupon.path("id").asText()));
        return ids;
    }

    private static double metric(CouponService service, String begin) {
        return send(service, "GET", "/metrics", "")
                .body()
                .lines()
                .filter(line -> line.startsWith(begin))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    private static double reads(CouponService service, String outcome) {
        return metric(service, "coupon_replica_reads_total{outcome=\"" + outcome + "\"");
    }

    /** Reads of coupons that the replica was asked for by anybody. */
    private static long readsAtTheReplica() throws SQLException {
        try (Connection connection = replica.connect()) {
            return Sql.first(
                            connection,
                            row -> row.getLong(1),
                            "SELECT COALESCE(SUM(count_star), 0) FROM performance_schema.events_statements_summary_by_digest"
                                    + " WHERE schema_name LIKE ? AND digest_text LIKE 'SELECT%' AND digest_text NOT LIKE '%@@%'"
                                    + " AND digest_text NOT LIKE '%WAIT_FOR%'",
                            mall.databases().replace(".%", ""))
                    .orElseThrow();
        }
    }

    @Test
    void aCouponIsInTheListAtOnceWhileTheReplicaIsFiveSecondsBehind() {
        delay(5);
        try {
            for (int i = 0; i < 20; i++) {
                long user = mall.user();
                String coupon = claim(one, user);
                assertThat(list(one, user)).as("by the instance that gave it").containsExactly(coupon);
                assertThat(list(other, user)).as("by another one").containsExactly(coupon);
            }
            awaitServing(0);
            Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> {
                claim(one, mall.user());
                return metric(one, "coupon_replica_lag_seconds{") > 4;
            });
            assertThat(metric(one, "coupon_replica_lag_seconds{")).isLessThan(15);
        } finally {
            delay(0);
        }
        awaitServing(1);
    }

    private static void delay(int seconds) {
        replica.execute(
                "STOP SLAVE SQL_THREAD", "CHANGE MASTER TO MASTER_DELAY = " + seconds, "START SLAVE SQL_THREAD");
    }

    @Test
    void aListReadFromTheReplicaHasWhatAnybodyWasAnsweredBefore() throws SQLException {
        double before = reads(other, "replica");
        long asked = readsAtTheReplica();
        for (int i = 0; i < 200; i++) {
            long user = mall.user();
            String coupon = claim(one, user);
            assertThat(list(other, user)).containsExactly(coupon);
        }
        double fromReplica = reads(other, "replica") - before;
        System.out.println("replica: " + fromReplica + " of 200 lists right behind their claims");
        // A machine that is busy with something else may have the replica late for a while.
        assertThat(fromReplica).isPositive();
        assertThat(readsAtTheReplica() - asked).isGreaterThanOrEqualTo((long) fromReplica);
    }

    @Test
    void aTwinThatDoesNotAskThePrimaryShowsAUserNothingOfWhatHeWasGiven() {
        replica.execute("STOP SLAVE SQL_THREAD");
        ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
        try (Replicas twin = ForgetfulReplicas.open(
                mall.topology, following(MySqlServer.shared().port()), thread)) {
            long user = mall.user();
            String coupon = claim(one, user);
            Awaitility.await()
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> coupons(twin, user), count -> count.equals(Optional.of(0L)));
            assertThat(list(one, user)).containsExactly(coupon);
        } finally {
            thread.shutdownNow();
            replica.execute("START SLAVE SQL_THREAD");
        }
    }

    private static Optional<Long> coupons(Replicas replicas, long user) {
        return replicas.read(
                user,
                view -> Sql.first(
                                view.connection(),
                                row -> row.getLong(1),
                                "SELECT COUNT(*) FROM " + view.table("user_coupon") + " WHERE user_id = ?",
                                user)
                        .orElseThrow());
    }

    @Test
    void nothingIsDecidedByWhatTheReplicaHas() throws SQLException {
        long user = mall.user();
        long asked = readsAtTheReplica();
        String used = claim(one, user);
        String held = claim(one, user);
        String voided = claim(one, user);
        String order = ",\"order\":{\"amount_minor\":5000}}";
        done(send(one, "POST", "/v1/validations", "{\"user_id\":" + user + ",\"coupons\":[\"" + used + "\"]" + order));
        String redemption = done(send(
                        one,
                        "POST",
                        "/v1/redemptions",
                        "{\"user_id\":" + user + ",\"order_no\":\"r-1\",\"coupon_ids\":[\"" + used + "\"]" + order))
                .at("/redemptions/0/id")
                .asText();
        String hold = done(send(
                        one,
                        "POST",
                        "/v1/holds",
                        "{\"user_id\":" + user + ",\"order_no\":\"r-2\",\"coupon_ids\":[\"" + held
                                + "\"],\"ttl_seconds\":60" + order))
                .path("id")
                .asText();
        done(send(one, "DELETE", "/v1/holds/" + hold, ""));
        done(send(one, "POST", "/v1/redemptions/" + redemption + "/refunds", "{\"refund_no\":\"f-1\"}"));
        done(send(one, "POST", "/v1/coupons/" + voided + "/void", "{\"reason\":\"a test\"}"));
        done(send(one, "GET", "/v1/redemptions/" + redemption, ""));
        assertThat(readsAtTheReplica()).as("statements at the replica").isEqualTo(asked);
        Awaitility.await("a page is read there").atMost(Duration.ofSeconds(30)).until(() -> {
            assertThat(list(one, user)).hasSize(3);
            return readsAtTheReplica() > asked;
        });
    }

    @Test
    void aReplicaThatHangsCostsAMomentAndIsReadFromAgainWhenItIsBack() {
        long user = mall.user();
        String coupon = claim(one, user);
        replica.stopProcess();
        try {
            for (int i = 0; i < 10; i++) {
                long begun = System.nanoTime();
                assertThat(list(one, user)).containsExactly(coupon);
                assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(3));
            }
            awaitServing(0);
        } finally {
            replica.resumeProcess();
        }
        awaitServing(1);
        assertThat(list(one, user)).containsExactly(coupon);
    }

    @Test
    void aReplicaThatDiesIsGoneWithoutAnybodyBeingToldAndComesBack() {
        long user = mall.user();
        String coupon = claim(one, user);
        replica.kill();
        assertThat(list(one, user)).containsExactly(coupon);
        awaitServing(0);
        String second = claim(one, user);
        replica.restart();
        replica.execute("SET GLOBAL read_only = 1");
        awaitServing(1);
        assertThat(list(one, user)).containsExactlyInAnyOrder(coupon, second);
    }

    @Test
    void aServerThatAnybodyCanWriteToIsNotReadFrom() {
        replica.execute("SET GLOBAL read_only = 0");
        try {
            awaitServing(0);
        } finally {
            replica.execute("SET GLOBAL read_only = 1");
        }
    }

    @Test
    void aPrimaryThatThePlanDoesNotHaveIsRefused() {
        assertThatThrownBy(() -> CouponService.start(
                        mall.plan,
                        new CouponService.Options(
                                        0,
                                        "replicas-wrong",
                                        Optional.empty(),
                                        Duration.ofSeconds(5),
                                        InstantSource.system())
                                .reading(following(1))))
                .isInstanceOf(SettingsInvalidException.class)
                .hasMessageContaining("COUPON_REPLICAS names 127.0.0.1:1 ");
    }
}
