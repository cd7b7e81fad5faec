package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.cachebuild.BuildOrder;
import dev.cutover.coupon.detail.CouponKind;
import dev.cutover.coupon.detail.Detail;
import dev.cutover.coupon.detail.DetailKey;
import dev.cutover.coupon.detail.StoreCoupons;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.store.MigrationFenceException;
import dev.cutover.sandbox.RedisServer;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.Assertions;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Pages of coupons out of real Redis servers, one of them for freight alone: as new as MySQL within moments, whatever Redis has or does. */
final class StoreCouponsIT {
    private static final Operator ANN = new Operator("ann");
    private static final Duration BOUND = Duration.ofSeconds(20);

    private static SideUnderTest side;
    private static RedisServer redis;
    private static RedisServer freight;
    private static ScheduledExecutorService scheduler;
    private static SimpleMeterRegistry meters;
    private static DetailRooms details;

    @BeforeAll
    static void open() {
        side = SideUnderTest.open(Side.NEW);
        redis = RedisServer.start("pages");
        freight = RedisServer.start("pages-freight");
        scheduler = Executors.newScheduledThreadPool(2);
        meters = new SimpleMeterRegistry();
        details = instance(meters);
    }

    private static DetailRooms instance(SimpleMeterRegistry its) {
        DetailRooms rooms = DetailRooms.open(
                side.rooms(),
                side.mall().topology,
                Map.of(
                        CouponKind.STORE, redis.uri(),
                        CouponKind.FREIGHT, freight.uri(),
                        CouponKind.RED_PACKET, redis.uri()),
                "pages",
                InstantSource.system(),
                scheduler,
                its);
        var unused = scheduler.scheduleWithFixedDelay(rooms::refresh, 0, 200, TimeUnit.MILLISECONDS);
        return rooms;
    }

    @AfterAll
    static void close() throws Exception {
        details.close();
        scheduler.shutdownNow();
        freight.close();
        redis.close();
        side.close();
    }

    /** Redis is there and nobody has asked for long. */
    @BeforeEach
    void everybodyAnswers() {
        Awaitility.await()
                .atMost(BOUND)
                .until(() -> details.workers().isPresent()
                        && details.places().stream().allMatch(place -> place.available()));
    }

    /** A template of each of these kinds; those of tests before are as the mall has them again. */
    private static List<Long> templates(CouponKind... kinds) {
        List<Long> templates =
                Arrays.stream(kinds).map(kind -> side.mall().template(1000, 0)).toList();
        for (int i = 0; i < kinds.length; i++) {
            side.mall()
                    .execute(
                            DatabaseId.META,
                            "UPDATE coupon_template SET kind = ? WHERE template_id = ?",
                            kinds[i].code(),
                            templates.get(i));
        }
        return templates;
    }

    private static long template(CouponKind kind) {
        return templates(kind).get(0);
    }

    private static DetailKey key(long template, String product) {
        return new DetailKey(new TemplateId(template), "88", product, null);
    }

    private static StoreCoupons.Page page(DetailRooms rooms, CouponKind kind, DetailKey... keys) {
        return rooms.pages().page(Map.of(kind, List.of(keys)));
    }

    private static Optional<String> name(DetailRooms rooms, CouponKind kind, DetailKey key) {
        StoreCoupons.Page page = page(rooms, kind, key);
        assertThat(page.degraded()).isEmpty();
        return Optional.ofNullable(page.offers().getOrDefault(kind, Map.of()).get(key))
                .map(offer -> String.valueOf(offer.name()));
    }

    private static double found(SimpleMeterRegistry where, String level) {
        return where.find("coupon.details").tag("level", level).counters().stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    private static void rename(long template, String name) {
        side.mall()
                .execute(
                        DatabaseId.META,
                        "UPDATE coupon_template SET name = ?, version = version + 1 WHERE template_id = ?",
                        name,
                        template);
    }

    @Test
    void aPageTellsWhatIsOnOfferOfItsKindForItsProductsAndNothingElse() {
        List<Long> templates = templates(CouponKind.STORE, CouponKind.RED_PACKET, CouponKind.STORE);
        long store = templates.get(0);
        long packet = templates.get(1);
        long listed = templates.get(2);
        side.mall()
                .execute(
                        DatabaseId.META,
                        "UPDATE coupon_template SET scope = 2, goods_list = '[\"sku-1\"]', version = version + 1"
                                + " WHERE template_id = ?",
                        listed);
        DetailKey sold = key(listed, "SKU-1 ");
        DetailKey other = key(listed, "sku-2");
        StoreCoupons.Page page = details.pages()
                .page(Map.of(
                        CouponKind.STORE,
                        List.of(key(store, "sku-1"), key(packet, "sku-1"), sold, other, key(999_999_999, "sku-1")),
                        CouponKind.RED_PACKET,
                        List.of(key(packet, "sku-1"), key(store, "sku-1"))));
        assertThat(page.degraded()).isEmpty();
        assertThat(page.offers().get(CouponKind.STORE)).containsOnlyKeys(key(store, "sku-1"), sold);
        assertThat(page.offers().get(CouponKind.RED_PACKET)).containsOnlyKeys(key(packet, "sku-1"));
        Detail.Offer offer =
                Objects.requireNonNull(page.offers().get(CouponKind.STORE)).get(key(store, "sku-1"));
        assertThat(offer).isNotNull();
        assertThat(Objects.requireNonNull(offer).name()).isEqualTo("满减");
        assertThat(offer.discount().amountOffMinor()).isEqualTo(500);
        assertThat(offer.validDays()).isEqualTo(3);
    }

    @Test
    void aChangeIsOnEveryInstancesPageWithinAMomentThoughNoMessageArrivesAnywhere() throws Exception {
        long template = template(CouponKind.STORE);
        DetailKey key = key(template, "changes");
        SimpleMeterRegistry others = new SimpleMeterRegistry();
        try (DetailRooms other = instance(others)) {
            assertThat(name(details, CouponKind.STORE, key)).contains("满减");
            assertThat(name(other, CouponKind.STORE, key)).contains("满减");
            rename(template, "renamed");
            long begun = System.nanoTime();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(3))
                    .until(() -> name(details, CouponKind.STORE, key).equals(Optional.of("renamed"))
                            && name(other, CouponKind.STORE, key).equals(Optional.of("renamed")));
            assertThat(System.nanoTime() - begun)
                    .isLessThan(Duration.ofSeconds(2).toNanos());
            side.rooms().backOffice().templates().pause(new TemplateId(template), ANN);
            Awaitility.await()
                    .atMost(Duration.ofSeconds(3))
                    .until(() -> name(other, CouponKind.STORE, key).isEmpty());
        }
    }

    @Test
    void aStormOnWhatNobodyHasAskedForReadsEachTemplateOnce() throws Exception {
        List<Long> templates = templates(CouponKind.STORE, CouponKind.STORE, CouponKind.STORE);
        SimpleMeterRegistry cold = new SimpleMeterRegistry();
        try (DetailRooms rooms = instance(cold)) {
            side.mall().forgetStatements();
            Parallel.run(4, thread -> {
                for (int round = 0; round < 25; round++) {
                    DetailKey[] keys = templates.stream()
                            .map(template -> key(template, "storm"))
                            .toArray(DetailKey[]::new);
                    StoreCoupons.Page page = page(rooms, CouponKind.STORE, keys);
                    assertThat(page.offers()
                                            .getOrDefault(CouponKind.STORE, Map.of())
                                            .size()
                                    + page.degraded().size() * 3)
                            .isEqualTo(3);
                }
            });
            assertThat(side.mall().statements("%FROM template_product WHERE goods_sn IS NOT NULL AND template_id IN%"))
                    .isBetween(1L, 3L);
        }
    }

    @Test
    void whatWasBuiltAheadComesFromRedisAndMySqlIsAskedForVersionsAlone() throws Exception {
        long template = template(CouponKind.FREIGHT);
        details.builds()
                .order(new BuildOrder(
                        UseRig.key(),
                        "ahead",
                        0,
                        List.of(new TemplateId(template)),
                        List.of("88"),
                        List.of(new BuildOrder.Product("ahead", null)),
                        ANN.name()));
        details.builds().queues().cut();
        SimpleMeterRegistry fresh = new SimpleMeterRegistry();
        try (DetailRooms rooms = instance(fresh)) {
            Awaitility.await().atMost(BOUND).until(() -> {
                details.workers().orElseThrow().tick();
                return side.mall().number(DatabaseId.META, "SELECT COUNT(*) FROM cache_task WHERE state < 2") == 0;
            });
            Awaitility.await().until(() -> rooms.places().stream().allMatch(place -> place.available()));
            assertThat(name(rooms, CouponKind.FREIGHT, key(template, "ahead"))).contains("满减");
            assertThat(name(rooms, CouponKind.FREIGHT, key(template, "ahead"))).contains("满减");
            assertThat(found(fresh, "redis")).isEqualTo(1);
            assertThat(found(fresh, "process")).isEqualTo(1);
            assertThat(found(fresh, "mysql")).isZero();
        }
    }

    @Test
    void aKindWhoseRedisHangsIsLeftOutAndTheOthersAreAsQuickAsEver() {
        List<Long> templates = templates(CouponKind.STORE, CouponKind.FREIGHT, CouponKind.RED_PACKET);
        long store = templates.get(0);
        long delivery = templates.get(1);
        long packet = templates.get(2);
        freight.stopProcess();
        boolean leftOut = false;
        try {
            for (int i = 0; i < 50; i++) {
                String product = "hang-" + i;
                long begun = System.nanoTime();
                StoreCoupons.Page page = details.pages()
                        .page(Map.of(
                                CouponKind.STORE, List.of(key(store, product)),
                                CouponKind.FREIGHT, List.of(key(delivery, product)),
                                CouponKind.RED_PACKET, List.of(key(packet, product))));
                assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofMillis(500));
                leftOut |= page.degraded().contains(CouponKind.FREIGHT);
                assertThat(page.degraded()).doesNotContain(CouponKind.STORE, CouponKind.RED_PACKET);
                assertThat(page.offers().get(CouponKind.STORE)).hasSize(1);
                assertThat(page.offers().get(CouponKind.RED_PACKET)).hasSize(1);
            }
        } finally {
            freight.resumeProcess();
        }
        assertThat(leftOut).as("a page went without freight").isTrue();
        Awaitility.await()
                .atMost(BOUND)
                .until(() -> page(details, CouponKind.FREIGHT, key(delivery, "back"))
                        .degraded()
                        .isEmpty());
    }

    @Test
    void redisKilledEmptiedAndStartedAgainUnderLoadIsSlowerAndNeverWrong() {
        long template = template(CouponKind.STORE);
        AtomicBoolean over = new AtomicBoolean();
        List<String> shown = Collections.synchronizedList(new ArrayList<>());
        Parallel.run(3, thread -> {
            if (thread == 0) {
                for (int version = 1; version <= 6; version++) {
                    rename(template, "v" + version);
                    if (version == 2) {
                        redis.kill();
                    }
                    if (version == 4) {
                        // Empty: it keeps nothing on disk.
                        redis.restart();
                    }
                    String told = "v" + version;
                    Awaitility.await().atMost(BOUND).until(() -> shown.contains(told));
                }
                over.set(true);
                return;
            }
            int round = 0;
            int last = 0;
            while (!over.get()) {
                DetailKey key = key(template, "load-" + thread + "-" + round++ % 500);
                StoreCoupons.Page page = page(details, CouponKind.STORE, key);
                if (page.degraded().isEmpty()) {
                    String name = page.offers().getOrDefault(CouponKind.STORE, Map.of()).values().stream()
                            .map(offer -> String.valueOf(offer.name()))
                            .findFirst()
                            .orElseThrow();
                    shown.add(name);
                    int version = name.startsWith("v") ? Integer.parseInt(name.substring(1)) : 0;
                    assertThat(version)
                            .as("what one reader has seen is never taken back")
                            .isGreaterThanOrEqualTo(last);
                    last = version;
                }
            }
        });
        Awaitility.await().atMost(BOUND).until(() -> details.places().stream().allMatch(place -> place.available()));
    }

    @Test
    void whileOldHoldsTheTruthThereAreNoPages() throws Exception {
        try (SideUnderTest old = SideUnderTest.open(Side.OLD);
                DetailRooms rooms = DetailRooms.open(
                        old.rooms(),
                        old.mall().topology,
                        Map.of(),
                        "old",
                        InstantSource.system(),
                        scheduler,
                        new SimpleMeterRegistry())) {
            Assertions.assertThatThrownBy(() -> page(rooms, CouponKind.STORE, key(1, "x")))
                    .isInstanceOf(MigrationFenceException.class);
            assertThat(rooms.workers()).isEmpty();
        }
    }
}
