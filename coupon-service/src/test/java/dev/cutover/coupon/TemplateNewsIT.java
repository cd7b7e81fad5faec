package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.backoffice.TemplateDesk;
import dev.cutover.coupon.detail.CouponKind;
import dev.cutover.coupon.detail.DetailKey;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.redis.RedisAddress;
import dev.cutover.coupon.redis.RedisDoor;
import dev.cutover.coupon.redis.RedisPatience;
import dev.cutover.coupon.template.TemplateNews;
import dev.cutover.coupon.template.TemplateState;
import dev.cutover.sandbox.RedisServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two instances whose polls do not run unless a test runs them: what is seen at once came by a message through a real Redis. */
final class TemplateNewsIT {
    private static final Operator ANN = new Operator("ann");
    private static final Duration SOON = Duration.ofSeconds(20);

    private SideUnderTest side;
    private RedisServer redis;
    private ScheduledExecutorService threads;
    private Instance teller;
    private Instance listener;
    private long bell;
    private long template;

    /** What of an instance knows templates. */
    private record Instance(RedisDoor door, CouponRooms rooms, DetailRooms details) {
        boolean shows(long template) {
            DetailKey key = new DetailKey(new TemplateId(template), "88", "sku-1", null);
            return details.pages()
                    .page(Map.of(CouponKind.STORE, List.of(key)))
                    .offers()
                    .getOrDefault(CouponKind.STORE, Map.of())
                    .containsKey(key);
        }
    }

    @BeforeEach
    void open() {
        side = SideUnderTest.open(Side.NEW);
        redis = RedisServer.start("news");
        threads = Executors.newScheduledThreadPool(4);
        teller = instance();
        listener = instance();
        // Whoever makes one has the mall's templates copied anew, so both are made before anything happens.
        bell = side.mall().template(1000, 0);
        template = side.mall().template(1000, 0);
        side.mall().execute(DatabaseId.META, "UPDATE coupon_template SET kind = ?", CouponKind.STORE.code());
        assertThat(List.of(teller.shows(template), listener.shows(template))).containsOnly(true);
        Awaitility.await().atMost(SOON).until(() -> teller.door().available());
        hears();
    }

    private Instance instance() {
        RedisDoor door = RedisDoor.open(RedisAddress.parse(redis.uri()), RedisPatience.OF_A_LOCK, threads);
        TemplateNews news = new TemplateNews(door);
        CouponRooms rooms = side.roomsTelling(news::tell);
        DetailRooms details = DetailRooms.open(
                rooms,
                side.mall().topology,
                Map.of(),
                "news",
                InstantSource.system(),
                threads,
                new SimpleMeterRegistry());
        news.listen(threads, changed -> {
            rooms.forget(changed);
            details.look(changed);
        });
        return new Instance(door, rooms, details);
    }

    @AfterEach
    void close() throws Exception {
        teller.details().close();
        listener.details().close();
        teller.door().close();
        listener.door().close();
        threads.shutdownNow();
        redis.close();
        side.close();
    }

    /** Until the listener is seen to hear: the bell is rung, again and again. */
    private void hears() {
        Awaitility.await().atMost(SOON).until(() -> {
            boolean shown = listener.shows(bell);
            TemplateDesk desk = teller.rooms().backOffice().templates();
            if (shown) {
                desk.pause(new TemplateId(bell), ANN);
            } else {
                desk.resume(new TemplateId(bell), ANN);
            }
            return changesWithin(bell, shown, Duration.ofMillis(500));
        });
    }

    private void pause() {
        teller.rooms().backOffice().templates().pause(new TemplateId(template), ANN);
    }

    private boolean changesWithin(long of, boolean shown, Duration time) {
        long until = System.nanoTime() + time.toNanos();
        while (System.nanoTime() < until) {
            if (listener.shows(of) != shown) {
                return true;
            }
            Thread.onSpinWait();
        }
        return false;
    }

    @Test
    void whatOneInstanceChangesAnotherShowsBeforeItsNextLook() {
        TemplateId id = new TemplateId(template);
        assertThat(listener.rooms().templates().find(id).orElseThrow().state()).isEqualTo(TemplateState.PUBLISHED);
        pause();
        Awaitility.await().atMost(Duration.ofSeconds(1)).until(() -> !listener.shows(template));
        // The catalog keeps what it has read for two seconds.
        Awaitility.await()
                .atMost(Duration.ofSeconds(1))
                .until(() -> listener.rooms().templates().find(id).orElseThrow().state() == TemplateState.PAUSED);
    }

    @Test
    void aMessageThatIsLostIsMadeUpForByTheNextLookAndLaterOnesAreHeardAgain() {
        redis.kill();
        pause();
        redis.restart();
        Awaitility.await()
                .atMost(SOON)
                .until(() -> teller.door().available() && listener.door().available());
        hears();
        assertThat(listener.shows(template)).as("nobody told it").isTrue();
        listener.details().refresh();
        assertThat(listener.shows(template)).isFalse();
    }

    @Test
    void whatIsSaidOnTheChannelAndNamesNoTemplateChangesNothing() {
        teller.door().publish("coupon:templates", "tpl_many");
        teller.door().publish("coupon:templates", new TemplateId(999_999_999).toString());
        teller.door().publish("coupon:templates", new TemplateId(template).toString());
        hears();
        assertThat(listener.shows(template)).isTrue();
    }
}
