package dev.cutover.coupon.usercache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.redis.RedisDoor;
import dev.cutover.coupon.store.CouponRow;
import dev.cutover.coupon.store.VersionedCoupon;
import dev.cutover.coupon.template.Discount;
import dev.cutover.sandbox.RedisServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A real Redis takes what is brought of a user only from whoever asked last and missed nothing since. */
final class UserCacheIT {
    private static final long EPOCH = 3;
    private static final long USER = 77;

    private static RedisServer redis;
    private static ScheduledExecutorService scheduler;
    private static RedisDoor door;
    private UserCache cache;

    @BeforeAll
    static void open() {
        redis = RedisServer.start("user-cache");
        scheduler = Executors.newScheduledThreadPool(1);
        door = RedisDoor.open(redis.uri(), scheduler);
        Awaitility.await().until(door::available);
    }

    @AfterAll
    static void close() {
        door.close();
        scheduler.shutdownNow();
        redis.close();
    }

    @BeforeEach
    void empty() {
        assertThat(door.decide("redis.call('flushall') return 1", List.of())).contains(true);
        cache = new UserCache(door, new SimpleMeterRegistry());
    }

    private static VersionedCoupon coupon(long number, int version, int status) {
        return new VersionedCoupon(
                new CouponRow(
                        CouponId.of(number, 5),
                        USER,
                        new TemplateId(9),
                        "sn",
                        status,
                        1L,
                        2L,
                        null,
                        null,
                        3L,
                        new Discount(1, 1, 500L, null, 3_000, null),
                        null,
                        null),
                version);
    }

    private static VersionedCoupon coupon(long number, int version) {
        return coupon(number, version, CouponRow.AVAILABLE);
    }

    private byte[] plant() {
        return cache.plant(EPOCH, USER).orElseThrow();
    }

    private UserCache.Known known() {
        return cache.find(EPOCH, USER).orElseThrow();
    }

    private void kept(VersionedCoupon... coupons) {
        assertThat(cache.fill(EPOCH, USER, plant(), List.of(coupons))).isTrue();
    }

    @Test
    void whatIsBroughtIsThereAsItWasAndOnlyInItsEpoch() {
        kept(coupon(1, 0), coupon(2, 4));
        assertThat(known().all()).isTrue();
        known().fields()
                .forEach((id, value) -> assertThat(UserCouponFormat.read(USER, id, value))
                        .contains(coupon(id.number() >> 10, 0).row()));
        assertThat(known().fields()).hasSize(2);
        assertThat(cache.find(EPOCH + 1, USER).orElseThrow().all()).isFalse();
        kept();
        assertThat(known())
                .as("a user without coupons")
                .matches(known -> known.all() && known.fields().isEmpty());
    }

    @Test
    void whoReadBeforeAChangeIsTooLateAndTheTwinThatTakesAllKeepsWhatIsNotSoAnyMore() {
        byte[] token = plant();
        cache.drop(EPOCH, List.of(USER));
        assertThat(cache.fill(EPOCH, USER, token, List.of(coupon(1, 0)))).isFalse();
        assertThat(known().all()).isFalse();

        byte[] second = plant();
        assertThat(cache.watched(EPOCH, List.of(USER))).contains(List.of());
        assertThat(cache.fill(EPOCH, USER, second, List.of(coupon(1, 0))))
                .as("what the ledger told came in between")
                .isFalse();

        byte[] third = plant();
        assertThat(door.decide("redis.call('flushall') return 1", List.of())).contains(true);
        assertThat(cache.fill(EPOCH, USER, third, List.of(coupon(1, 0))))
                .as("Redis lost everything")
                .isFalse();

        byte[] fourth = plant();
        byte[] fifth = plant();
        assertThat(cache.fill(EPOCH, USER, fourth, List.of()))
                .as("another one asked later")
                .isFalse();
        assertThat(cache.fill(EPOCH, USER, fifth, List.of(coupon(1, 0)))).isTrue();
        assertThat(cache.fill(EPOCH, USER, fifth, List.of(coupon(2, 0))))
                .as("twice")
                .isFalse();

        UserCache twin = new UserCache(door, new SimpleMeterRegistry(), UserCache.TAKES_ALL);
        cache.drop(EPOCH, List.of(USER));
        assertThat(twin.fill(EPOCH, USER, fifth, List.of(coupon(1, 0)))).isTrue();
        assertThat(known().all()).isTrue();
    }

    @Test
    void aCouponIsReplacedByNoOlderOneAndOneThatIsUsedDoesNotComeBack() {
        kept(coupon(1, 3));
        update(coupon(1, 2, CouponRow.USED));
        assertThat(known().fields().values()).noneMatch(UserCouponFormat::gone);
        update(coupon(1, 4, CouponRow.USED));
        assertThat(known().fields().values()).allMatch(UserCouponFormat::gone);
        update(coupon(1, 3));
        assertThat(known().fields().values()).allMatch(UserCouponFormat::gone);
        kept();
        update(coupon(1, 3));
        assertThat(known().fields().values()).as("also when all was read anew").allMatch(UserCouponFormat::gone);
        update(coupon(1, 5));
        assertThat(known().fields().values()).as("given back").noneMatch(UserCouponFormat::gone);
    }

    private void update(VersionedCoupon coupon) {
        assertThat(cache.update(EPOCH, Map.of(USER, List.of(coupon)))).isTrue();
    }

    @Test
    void whatIsNotThereAnyMoreGoesWhenAllIsReadAnew() {
        kept(coupon(1, 0), coupon(2, 0));
        cache.drop(EPOCH, List.of(USER));
        kept(coupon(2, 0));
        assertThat(known().fields()).hasSize(1);
    }

    @Test
    void singleCouponsAreNotPutWhereTheOthersAreNotKnown() {
        update(coupon(1, 0));
        assertThat(known().fields()).isEmpty();
        assertThat(cache.watched(EPOCH, List.of(USER, USER + 1))).contains(List.of());
        kept();
        assertThat(cache.watched(EPOCH, List.of(USER, USER + 1))).contains(List.of(USER));
    }

    @Test
    void moreThanAreKeptAreToldToBeTooMany() {
        assertThat(cache.fill(EPOCH, USER, plant(), Collections.nCopies(UserCache.MOST + 1, coupon(1, 0))))
                .isTrue();
        assertThat(known())
                .matches(known ->
                        known.tooMany() && !known.all() && known.fields().isEmpty());
    }

    @Test
    void everyUserOfTheEpochIsFound() {
        kept();
        assertThat(cache.fill(EPOCH + 1, 5, cache.plant(EPOCH + 1, 5).orElseThrow(), List.of()))
                .isTrue();
        assertThat(cache.users(EPOCH)).toIterable().containsOnly(USER);
    }

    @Test
    void aKeptUserIsForgottenByItself() {
        kept(coupon(1, 0));
        assertThat(door.ask("return {tostring(redis.call('pttl', KEYS[1]))}", List.of("u3:" + Long.toString(USER, 36)))
                        .orElseThrow()
                        .get(0))
                .asString()
                .matches(millis -> Long.parseLong(millis) > 2_000_000 && Long.parseLong(millis) <= 3_600_000);
    }
}
