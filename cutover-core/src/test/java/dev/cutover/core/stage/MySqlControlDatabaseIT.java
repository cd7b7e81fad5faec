package dev.cutover.core.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mysql.cj.jdbc.MysqlDataSource;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.plan.CopyPlan;
import dev.cutover.core.plan.Endpoint;
import dev.cutover.core.plan.FencePlan;
import dev.cutover.core.plan.Handover;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.ReadsPlan;
import dev.cutover.core.plan.Secret;
import dev.cutover.core.plan.SwitchPlan;
import dev.cutover.core.plan.VerifyPlan;
import dev.cutover.core.routing.ShardLayout;
import dev.cutover.core.row.KeyRange;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.topology.Side;
import dev.cutover.sandbox.MySqlServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MySqlControlDatabaseIT {
    private MysqlDataSource dataSource = new MysqlDataSource();
    private ControlDatabase control = new MySqlControlDatabase(dataSource);

    @BeforeEach
    void installed() {
        MySqlServer server = MySqlServer.shared();
        dataSource = new MysqlDataSource();
        dataSource.setUrl(server.jdbcUrl(server.createDatabase("control")));
        dataSource.setUser(server.rootUser());
        dataSource.setPassword(server.rootPassword());
        control = new MySqlControlDatabase(dataSource);
        control.install();
    }

    @Test
    void installingAgainChangesNothing() {
        Register before = control.initialise(plan("mall"));
        control.install();
        assertThat(control.read()).isEqualTo(before);
    }

    @Test
    void aSchemaWithoutTablesHoldsNoRegister() {
        MySqlServer server = MySqlServer.shared();
        dataSource.setUrl(server.jdbcUrl(server.createDatabase("empty")));
        assertThat(control.readIfInstalled()).isEmpty();
        assertThatThrownBy(control::read).isInstanceOf(ControlDatabaseException.class);
    }

    @Test
    void theFirstRegisterIsWrittenOnceAndBelongsToItsMigration() {
        Register first = control.initialise(plan("mall"));

        assertThat(first).isEqualTo(Register.initial("mall", "hash-of-mall"));
        assertThat(control.initialise(plan("mall"))).isEqualTo(first);
        assertThat(control.events(10)).hasSize(1);
        assertThatThrownBy(() -> control.initialise(plan("other")))
                .isInstanceOf(ControlDatabaseException.class)
                .hasMessageContaining("'mall'");
    }

    @Test
    void aMoveKeepsEveryField() {
        Register first = control.initialise(plan("mall"));
        Instant until = Instant.ofEpochMilli(1_800_000_000_123L);
        Register next = first.claimed(Side.NEW, "somebody", until)
                .withStage(Stage.RAMPING)
                .withMirror(true)
                .withReadPercent(25)
                .withShadowPercent(3)
                .withFrozen(true)
                .withPlanHash("other");

        assertThat(control.compareAndSet(first, next, draft("claim"))).isTrue();

        assertThat(control.read()).isEqualTo(next.withVersion(2));
        assertThat(control.read().epoch()).isEqualTo(new Epoch(2));
        Register settled = control.read().decided(Register.Decision.COMMIT).settled(Side.NEW);
        assertThat(control.compareAndSet(control.read(), settled, draft("settle")))
                .isTrue();
        assertThat(control.read().mode()).isEqualTo(WriteMode.DUAL_NEW);
        assertThat(control.read().leaseUntil()).isNull();
    }

    @Test
    void ofSixteenThatMoveFromOneVersionOneWins() throws ExecutionException, InterruptedException, TimeoutException {
        Register first = control.initialise(plan("mall"));
        CyclicBarrier together = new CyclicBarrier(16);
        ExecutorService pool = Executors.newFixedThreadPool(16);
        try {
            List<Future<Boolean>> moves = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                String actor = "actor " + i;
                moves.add(pool.submit(() -> {
                    together.await();
                    return control.compareAndSet(
                            first,
                            first.claimed(Side.NEW, actor, Instant.ofEpochMilli(1_800_000_000_000L)),
                            new EventDraft(actor, "claim", "Claimed.", "", "", null, null));
                }));
            }
            int winners = 0;
            for (Future<Boolean> move : moves) {
                winners += move.get(30, TimeUnit.SECONDS) ? 1 : 0;
            }
            assertThat(winners).isOne();
        } finally {
            pool.shutdownNow();
        }
        assertThat(control.read().version()).isEqualTo(2);
        List<Event> events = control.events(10);
        assertThat(events).hasSize(2);
        assertThat(events.get(1).actor()).isEqualTo(control.read().leaseOwner());
        assertThat(control.verifyEventChain()).isTrue();
    }

    @Test
    void eventsOfManyThreadsMakeOneChain() throws ExecutionException, InterruptedException, TimeoutException {
        control.initialise(plan("mall"));
        ExecutorService pool = Executors.newFixedThreadPool(8);
        try {
            List<Future<?>> appends = new ArrayList<>();
            for (int i = 0; i < 80; i++) {
                String kind = "kind-" + i;
                appends.add(pool.submit(() -> control.appendEvent(draft(kind))));
            }
            for (Future<?> append : appends) {
                append.get(30, TimeUnit.SECONDS);
            }
        } finally {
            pool.shutdownNow();
        }
        assertThat(control.firstBrokenEvent()).isEmpty();
        assertThat(control.eventsAfter(79, 10)).extracting(Event::seq).containsExactly(80L, 81L);
        assertThat(control.events(3)).extracting(Event::seq).containsExactly(79L, 80L, 81L);
    }

    @Test
    void aChangedEventIsFound() throws SQLException {
        chainOfFive();
        execute("UPDATE cutover_event SET reason = 'another reason' WHERE seq = 3");
        assertThat(control.firstBrokenEvent()).isEqualTo(Optional.of(3L));
    }

    @Test
    void aTextMovedIntoTheNextFieldIsFound() throws SQLException {
        chainOfFive();
        execute("UPDATE cutover_event SET actor = CONCAT(actor, kind), kind = '' WHERE seq = 2");
        assertThat(control.firstBrokenEvent()).isEqualTo(Optional.of(2L));
    }

    @Test
    void aRemovedEventIsFound() throws SQLException {
        chainOfFive();
        execute("DELETE FROM cutover_event WHERE seq = 2");
        assertThat(control.firstBrokenEvent()).isEqualTo(Optional.of(2L));
    }

    @Test
    void lastEventsCutOffAreFound() throws SQLException {
        chainOfFive();
        execute("DELETE FROM cutover_event WHERE seq >= 4");
        assertThat(control.firstBrokenEvent()).isEqualTo(Optional.of(4L));
    }

    @Test
    void aLeaseIsTakenOverFromExactlyTheOneWhoIsGone() {
        Lease gone = control.tryLease("worker", "a", Duration.ofSeconds(30)).orElseThrow();
        Lease taken = control.takeOver(gone, "b", Duration.ofSeconds(30)).orElseThrow();
        assertThat(taken.owner()).isEqualTo("b");
        assertThat(taken.token()).isGreaterThan(gone.token());
        assertThat(control.takeOver(gone, "c", Duration.ofSeconds(30)))
                .as("a second one who saw the same owner gone")
                .isEmpty();
        assertThat(control.renew(gone, Duration.ofSeconds(30))).isEmpty();
        assertThat(control.lease("worker")).contains(taken);
    }

    @Test
    void aLeaseHasOneHolderUntilItRunsOut() {
        Lease first = control.tryLease("worker", "a", Duration.ofMillis(300)).orElseThrow();
        assertThat(control.tryLease("worker", "b", Duration.ofSeconds(5))).isEmpty();
        assertThat(control.lease("worker")).contains(first);

        Lease second = Awaitility.await()
                .until(() -> control.tryLease("worker", "b", Duration.ofSeconds(5)), Optional::isPresent)
                .orElseThrow();

        assertThat(second.token()).isGreaterThan(first.token());
        assertThat(control.renew(first, Duration.ofSeconds(5))).isEmpty();
        assertThat(control.renew(second, Duration.ofSeconds(9)).orElseThrow().until())
                .isAfter(second.until());
        control.release(first);
        assertThat(control.lease("worker")).isPresent();
        control.release(second);
        assertThat(control.lease("worker")).isEmpty();
        assertThat(control.tryLease("worker", "c", Duration.ofSeconds(5))
                        .orElseThrow()
                        .token())
                .isGreaterThan(second.token());
    }

    @Test
    void instancesAreAliveWhileTheyReport() {
        Instance proxy = new Instance(
                "proxy-1", "proxy", "host", 7, "0.1", 3, 1, "DUAL_OLD", Instant.EPOCH, "{\"mirrored\": 4}");
        control.heartbeat(proxy);
        control.heartbeat(proxy);

        assertThat(control.instances()).hasSize(1);
        assertThat(control.instances().get(0).heartbeatAt())
                .isBetween(control.now().minusSeconds(2), control.now().plusSeconds(1));
        assertThat(control.instances().get(0).statusJson()).isEqualTo("{\"mirrored\": 4}");
        Awaitility.await()
                .until(() -> control.instancesSeenWithin(Duration.ofMillis(50)).isEmpty());
        control.retire("proxy-1");
        assertThat(control.instancesSeenWithin(Duration.ofDays(1))).isEmpty();
    }

    @Test
    void aJobIsMovedOnlyFromWhereItsMoverThinksItIs() {
        control.requestJob("copy-dynamic", "somebody", null);

        assertThat(control.updateJob("copy-dynamic", Set.of(Job.State.REQUESTED), Job.State.RUNNING, "{\"a\": 1}"))
                .isTrue();
        assertThat(control.updateJob("copy-dynamic", Set.of(Job.State.REQUESTED), Job.State.DONE, null))
                .isFalse();

        Job job = control.job("copy-dynamic").orElseThrow();
        assertThat(job.state()).isEqualTo(Job.State.RUNNING);
        assertThat(job.detailJson()).isEqualTo("{\"a\": 1}");
        control.requestJob("copy-dynamic", "somebody else", null);
        assertThat(control.job("copy-dynamic").orElseThrow().state()).isEqualTo(Job.State.REQUESTED);
        control.clearJob("copy-dynamic");
        assertThat(control.job("copy-dynamic")).isEmpty();
    }

    @Test
    void chunksAreKeptInOrderAndFinished() {
        RowKey big = RowKey.of("18446744073709551615", "a|b\\");
        control.planChunks(
                "user_coupon",
                List.of(
                        Chunk.todo("user_coupon", 0, new KeyRange(null, RowKey.of("10", "x"))),
                        Chunk.todo("user_coupon", 1, new KeyRange(RowKey.of("10", "x"), big)),
                        Chunk.todo("user_coupon", 2, new KeyRange(big, null))));
        control.chunkDone("user_coupon", 1, 2000);

        List<Chunk> chunks = control.chunks("user_coupon");

        assertThat(chunks).extracting(Chunk::number).containsExactly(0, 1, 2);
        assertThat(chunks.get(0).keys().lo()).isNull();
        assertThat(chunks.get(1).keys().hi()).isEqualTo(big);
        assertThat(chunks.get(1).state()).isEqualTo(Chunk.State.DONE);
        assertThat(chunks.get(1).rows()).isEqualTo(2000);
        assertThat(chunks.get(1).doneAt()).isNotNull();
        assertThat(chunks.get(2).doneAt()).isNull();
        control.clearChunks();
        assertThat(control.chunks("user_coupon")).isEmpty();
    }

    @Test
    void theLastVerificationIsTheOneThatFinishedLast() {
        Instant start = Instant.ofEpochMilli(1_700_000_000_500L);
        VerificationRecord first = new VerificationRecord(
                "run-1",
                start,
                start.plusSeconds(3),
                "all",
                VerificationRecord.Verdict.DIFFERENT,
                10,
                100,
                2,
                new Epoch(1),
                Stage.DYNAMIC_COPIED,
                "{\"x\": 1}");
        VerificationRecord second = new VerificationRecord(
                "run-0",
                start,
                start.plusSeconds(5),
                "all",
                VerificationRecord.Verdict.EQUAL,
                10,
                100,
                0,
                new Epoch(1),
                Stage.DYNAMIC_COPIED,
                "{\"x\": 2}");
        assertThat(control.lastVerification()).isEmpty();
        control.saveVerification(second);
        control.saveVerification(first);

        assertThat(control.lastVerification()).contains(second);
        assertThat(control.verifications(5)).containsExactly(second, first);
    }

    @Test
    void settingsAreKept() {
        control.setSetting("b", "1");
        control.setSetting("b", "2");
        assertThat(control.settings()).containsExactly(java.util.Map.entry("b", "2"));
        control.forgetSetting("b");
        control.forgetSetting("b");
        assertThat(control.settings()).isEmpty();
    }

    private void chainOfFive() {
        control.initialise(plan("mall"));
        for (int i = 0; i < 4; i++) {
            control.appendEvent(
                    new EventDraft("actor", "kind-" + i, "Something.", "a", "b", "a reason", "{\"b\": 1,  \"a\": 2}"));
        }
        assertThat(control.verifyEventChain()).isTrue();
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.createStatement().executeUpdate(sql);
        }
    }

    private static EventDraft draft(String kind) {
        return new EventDraft("test", kind, "A test moved it.", "from", "to", null, null);
    }

    private static MigrationPlan plan(String name) {
        Endpoint endpoint = new Endpoint("old", "127.0.0.1", 3306, "mall", "u", Secret.of("p"));
        return new MigrationPlan(
                name,
                MigrationPlan.Strategy.ROLLING,
                endpoint,
                endpoint,
                List.of(endpoint),
                "user_id",
                new ShardLayout(1, 1),
                endpoint,
                List.of(),
                new Handover(List.of(), null),
                List.of(),
                CopyPlan.DEFAULTS,
                VerifyPlan.DEFAULTS,
                ReadsPlan.DEFAULTS,
                SwitchPlan.DEFAULTS,
                FencePlan.DEFAULTS,
                "hash-of-" + name);
    }
}
