package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.claim.Circumstances;
import dev.cutover.coupon.code.CodeBatch;
import dev.cutover.coupon.code.CodeBatches;
import dev.cutover.coupon.code.CodeImports;
import dev.cutover.coupon.code.CodeKeys;
import dev.cutover.coupon.code.Codes;
import dev.cutover.coupon.code.TooManyAttemptsException;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.operation.Channel;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.store.MigrationFenceException;
import dev.cutover.coupon.tag.TagContext;
import dev.cutover.coupon.token.Tenant;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Codes: made exactly, each worth one coupon of one user, whatever dies in the middle. */
final class CodesIT {
    private static final Duration LEASE = Duration.ofSeconds(10);
    private static final CodeKeys KEYS = CodeKeys.of(Map.of("first", secret(7)));

    private static SideUnderTest side;

    private final AtomicLong skew = new AtomicLong();
    private final InstantSource clock = () -> Instant.now().plusMillis(skew.get());

    @BeforeAll
    static void open() {
        side = SideUnderTest.open(Side.NEW);
    }

    @AfterAll
    static void close() {
        side.close();
    }

    private static byte[] secret(int value) {
        byte[] secret = new byte[32];
        Arrays.fill(secret, (byte) value);
        return secret;
    }

    private Codes.Rooms rooms(SideUnderTest here) {
        Codes.Rooms rooms = here.rooms().coding();
        return new Codes.Rooms(
                rooms.topology(),
                rooms.meta(),
                rooms.databases(),
                rooms.operations(),
                rooms.claims(),
                rooms.templates(),
                rooms.users(),
                clock,
                rooms.budget());
    }

    private Codes codes(Failpoints failpoints) {
        return new Codes(rooms(side), KEYS, LEASE, failpoints);
    }

    private Codes codes() {
        return codes(Failpoints.NONE);
    }

    private List<String> batch(SideUnderTest here, long template, int count) {
        CodeBatches batches = new CodeBatches(rooms(here), KEYS);
        CodeBatch batch = batches.order(key(), new TemplateId(template), count, 16, "anna")
                .batch();
        batches.tick();
        return lines(batches.export(batch.id(), "anna", ""));
    }

    private static List<String> lines(CodeBatches.Export export) {
        return String.join("", export.parts()).lines().skip(1).toList();
    }

    private static String key() {
        return UUID.randomUUID().toString();
    }

    private static Answer redeem(Codes codes, long user, String code, String key) {
        return codes.redeem(user, "10.0.0." + user, code, key);
    }

    private static Reason refusal(ThrowingCallable call) {
        try {
            call.call();
        } catch (Refusal e) {
            return e.reason();
        } catch (Throwable e) {
            throw new AssertionError("Not refused but failed", e);
        }
        throw new AssertionError("Not refused");
    }

    private static long codes(int status, long template) {
        long sum = 0;
        for (DatabaseId shard : side.mall().plan.shardDatabases()) {
            sum += side.mall()
                    .number(
                            shard,
                            "SELECT COUNT(*) FROM coupon_code WHERE status = ? AND template_id = ?",
                            status,
                            template);
        }
        return sum;
    }

    @Test
    void aBatchHasExactlyItsCodesHoweverOftenTheyAreMadeAndIsExportedOnceUnlessSomebodySaysWhy() {
        long template = side.mall().template(-1, 0);
        CodeBatches batches = new CodeBatches(rooms(side), KEYS);
        String number = key();
        CodeBatch batch = batches.order(number, new TemplateId(template), 12_500, 12, "anna")
                .batch();
        assertThat(refusal(() -> batches.export(batch.id(), "anna", ""))).isEqualTo(Reason.CODE_BATCH_STATE_CONFLICT);
        Parallel.run(3, i -> new CodeBatches(rooms(side), KEYS).tick());
        batches.tick();
        // As after a crash before the codes were counted.
        side.mall()
                .execute(DatabaseId.META, "UPDATE coupon_code_batch SET made = 10000 WHERE batch_id = ?", batch.id());
        batches.tick();
        assertThat(batches.batch(batch.id()).ready()).isTrue();
        assertThat(codes(0, template)).isEqualTo(12_500);

        CodeBatches.Export export = batches.export(batch.id(), "anna", "");
        List<String> codes = lines(export);
        assertThat(new HashSet<>(codes)).hasSize(12_500);
        assertThat(codes).allMatch(code -> code.matches("[A-HJ-NP-Z2-9]{12}"));
        assertThat(refusal(() -> batches.export(batch.id(), "bob", ""))).isEqualTo(Reason.CODE_BATCH_STATE_CONFLICT);
        assertThat(batches.export(batch.id(), "bob", "the file was lost").sha256())
                .isEqualTo(export.sha256());
        assertThat(side.mall()
                        .number(
                                DatabaseId.META,
                                "SELECT COUNT(*) FROM coupon_code_export WHERE batch_id = ? AND sha256 = ?",
                                batch.id(),
                                export.sha256()))
                .isEqualTo(2);
        assertThat(batches.order(number, new TemplateId(template), 12_500, 12, "anna")
                        .known())
                .isTrue();
        assertThat(refusal(() -> batches.order(number, new TemplateId(template), 12_500, 13, "anna")))
                .isEqualTo(Reason.IDEMPOTENCY_KEY_REUSED);
        assertThat(redeem(codes(), side.mall().user(), codes.get(12_499), key()).json())
                .contains("cpn_");
    }

    private static long batchOf(long template) {
        return side.mall()
                .number(DatabaseId.META, "SELECT batch_id FROM coupon_code_batch WHERE template_id = ?", template);
    }

    @Test
    void aVoidBatchIsInvalidInTheMomentItIsAnsweredAndWhatWasUsedStaysUsed() {
        long template = side.mall().template(10, 0);
        List<String> codes = batch(side, template, 3);
        CodeBatches batches = new CodeBatches(rooms(side), KEYS);
        long user = side.mall().user();
        String key = key();
        Answer used = redeem(codes(), user, codes.get(0), key);
        assertThat(batches.voidBatch(batchOf(template), "anna", "printed twice").voiding())
                .isEqualTo(CodeBatch.Voiding.DONE);
        assertThat(redeem(codes(), user, codes.get(0), key)).isEqualTo(new Answer(used.json(), true));
        assertThat(refusal(() -> redeem(codes(), user, codes.get(1), key()))).isEqualTo(Reason.CODE_INVALID);
        assertThat(refusal(() -> codes().validate(user, "10.1.1.2", codes.get(2))))
                .isEqualTo(Reason.CODE_INVALID);
        assertThat(refusal(() -> batches.export(batchOf(template), "anna", "again")))
                .isEqualTo(Reason.CODE_BATCH_STATE_CONFLICT);
        assertThat(side.mall().issued(Side.NEW, template)).isEqualTo(1);
    }

    @Test
    void aBatchThatWasLeftHalfVoidIsMadeVoidByTheNextWhoComesBy() {
        long template = side.mall().template(10, 0);
        List<String> codes = batch(side, template, 1);
        side.mall()
                .execute(
                        DatabaseId.META,
                        "INSERT INTO coupon_code_batch_void VALUES (?, 'anna', 'as if she died', 0, 0)",
                        batchOf(template));
        CodeBatches batches = new CodeBatches(rooms(side), KEYS);
        assertThat(batches.batch(batchOf(template)).voiding()).isEqualTo(CodeBatch.Voiding.BEGUN);
        batches.tick();
        assertThat(batches.batch(batchOf(template)).voiding()).isEqualTo(CodeBatch.Voiding.DONE);
        assertThat(refusal(() -> redeem(codes(), side.mall().user(), codes.get(0), key())))
                .isEqualTo(Reason.CODE_INVALID);
    }

    @Test
    void ofManyUsersAndWhoMakesTheCodeVoidOneWins() {
        long template = side.mall().template(-1, 0);
        int voids = 0;
        for (String code : batch(side, template, 30)) {
            AtomicInteger coupons = new AtomicInteger();
            AtomicInteger voided = new AtomicInteger();
            Parallel.run(4, i -> {
                if (i == 0) {
                    voided.addAndGet(voidOne(codes(), code) ? 1 : 0);
                } else {
                    try {
                        redeem(codes(), side.mall().user(), code, key());
                        coupons.incrementAndGet();
                    } catch (Refusal e) {
                        assertThat(e.reason()).isEqualTo(Reason.CODE_INVALID);
                    }
                }
            });
            assertThat(coupons.get() + voided.get()).as(code).isEqualTo(1);
            voids += voided.get();
        }
        assertThat(side.mall().issued(Side.NEW, template)).isEqualTo(30 - voids);
        assertThat(codes(3, template)).isEqualTo(voids);
        assertThat(codes(2, template)).isEqualTo(30 - voids);
    }

    private static Failpoints planting(String one) {
        return new Failpoints() {
            @Override
            public void hit(Failpoint point) {}

            @Override
            public boolean planted(String bug) {
                return bug.equals(one);
            }
        };
    }

    private static boolean voidOne(Codes codes, String code) {
        while (true) {
            try {
                codes.voidCode(code, Tenant.ALL, "anna", "stolen");
                return true;
            } catch (Refusal e) {
                if (e.reason() == Reason.CODE_ALREADY_USED) {
                    return false;
                }
                assertThat(e.reason()).isEqualTo(Reason.CODE_BATCH_STATE_CONFLICT);
            }
        }
    }

    @Test
    void whereTheVoidDoesNotAskWhoHasTheCodeBothWin() {
        long template = side.mall().template(-1, 0);
        String code = batch(side, template, 1).get(0);
        Codes twin = codes(planting("code.voidsAny"));
        redeem(codes(), side.mall().user(), code, key());
        assertThat(voidOne(codes(), code)).isFalse();
        assertThat(voidOne(twin, code)).isTrue();
        assertThat(codes(3, template)).isEqualTo(1);
        assertThat(side.mall().issued(Side.NEW, template)).isEqualTo(1);
    }

    private static CodeBatch importing(CodeBatches batches, long template) {
        return batches.orderImport(key(), new TemplateId(template), "anna").batch();
    }

    @Test
    void aCodeThatWasImportedIsOneCouponAndAListSentAgainBringsNothingNew() {
        long template = side.mall().template(-1, 0);
        CodeBatches batches = new CodeBatches(rooms(side), KEYS);
        Codes codes = codes();
        CodeBatch batch = importing(batches, template);
        List<String> list = List.of("Spring-1", " SPRING-1 ", "two words", "x".repeat(33), "spring-2", "\u00fcber");
        assertThat(codes.imports().add(batch, ofAnybody(list)))
                .containsExactly(
                        CodeImports.Result.IMPORTED,
                        CodeImports.Result.KNOWN,
                        CodeImports.Result.INVALID,
                        CodeImports.Result.INVALID,
                        CodeImports.Result.IMPORTED,
                        CodeImports.Result.INVALID);
        assertThat(codes.imports().add(batch, ofAnybody(list))).doesNotContain(CodeImports.Result.IMPORTED);
        assertThat(batches.batch(batch.id()).count()).isEqualTo(2);
        assertThat(codes.imports().add(importing(batches, side.mall().template(-1, 0)), ofAnybody(List.of("SPRING-2"))))
                .containsExactly(CodeImports.Result.TAKEN);
        assertThat(refusal(() -> batches.export(batch.id(), "anna", ""))).isEqualTo(Reason.CODE_BATCH_STATE_CONFLICT);

        long user = side.mall().user();
        // As the mall's column compared them: hyphens count.
        assertThat(refusal(() -> redeem(codes, user, "SPRING1", key()))).isEqualTo(Reason.CODE_INVALID);
        assertThat(codes.validate(user, "10.3.3.3", "spring-1").id()).isEqualTo(new TemplateId(template));
        redeem(codes, user, "sPRING-1 ", key());
        assertThat(refusal(() -> redeem(codes, side.mall().user(), "SPRING-1", key())))
                .isEqualTo(Reason.CODE_INVALID);
        batches.voidBatch(batch.id(), "anna", "the list was wrong");
        assertThat(refusal(() -> redeem(codes, user, "SPRING-2", key()))).isEqualTo(Reason.CODE_INVALID);
        assertThat(refusal(() -> codes.imports().add(batches.batch(batch.id()), ofAnybody(List.of("SPRING-3")))))
                .isEqualTo(Reason.CODE_BATCH_STATE_CONFLICT);
        assertThat(side.mall().issued(Side.NEW, template)).isEqualTo(1);
    }

    @Test
    void aListWhoseProcessDiedBeforeItWasCountedIsCountedOnce() {
        CodeBatches batches = new CodeBatches(rooms(side), KEYS);
        CodeBatch batch = importing(batches, side.mall().template(-1, 0));
        List<CodeImports.Given> list = ofAnybody(List.of(anyCode(), anyCode(), anyCode()));
        Codes dying = codes(point -> {
            if (point == Failpoint.CODES_IMPORTED) {
                throw new IllegalStateException("The process dies at " + point.word());
            }
        });
        assertThatThrownBy(() -> dying.imports().add(batch, list)).isInstanceOf(IllegalStateException.class);
        codes().tidy();
        assertThat(batches.batch(batch.id()).count())
                .as("before its time is over")
                .isZero();
        skew.addAndGet(LEASE.toMillis() + 1);
        codes().tidy();
        codes().tidy();
        assertThat(batches.batch(batch.id()).count()).isEqualTo(3);
        assertThat(codes().imports().add(batch, list)).containsOnly(CodeImports.Result.KNOWN);

        // One that was only slow, and is counted by another while it goes on.
        Codes slow = codes(point -> {
            if (point == Failpoint.CODES_IMPORTED) {
                skew.addAndGet(LEASE.toMillis() + 1);
                codes().tidy();
            }
        });
        assertThat(slow.imports().add(batch, ofAnybody(List.of(anyCode(), anyCode()))))
                .hasSize(2);
        codes().tidy();
        assertThat(batches.batch(batch.id()).count()).isEqualTo(5);
    }

    private static String anyCode() {
        return key().substring(0, 20);
    }

    private static List<CodeImports.Given> ofAnybody(List<String> codes) {
        return codes.stream().map(CodeImports.Given::ofAnybody).toList();
    }

    @Test
    void aCodeThatIsOneUsersAloneIsNoneToEverybodyElse() {
        long template = side.mall().template(-1, 0);
        CodeBatches batches = new CodeBatches(rooms(side), KEYS);
        Codes codes = codes();
        CodeBatch batch = importing(batches, template);
        String mark = key().substring(0, 8);
        long owner = side.mall().user();
        long other = side.mall().user();
        assertThat(codes.imports()
                        .add(
                                batch,
                                List.of(
                                        new CodeImports.Given(mark + "-1", owner),
                                        CodeImports.Given.ofAnybody(mark + "-2"),
                                        CodeImports.Given.UNREADABLE)))
                .containsExactly(CodeImports.Result.IMPORTED, CodeImports.Result.IMPORTED, CodeImports.Result.INVALID);
        // A list that names somebody for codes that are there already gives them to nobody.
        assertThat(codes.imports()
                        .add(
                                batch,
                                List.of(
                                        new CodeImports.Given(mark + "-1", other),
                                        new CodeImports.Given(mark + "-2", owner))))
                .containsOnly(CodeImports.Result.KNOWN);

        assertThat(refusal(() -> redeem(codes, other, mark + "-1", key()))).isEqualTo(Reason.CODE_INVALID);
        assertThat(refusal(() -> codes.validate(other, "10.4.4.4", mark + "-1")))
                .isEqualTo(Reason.CODE_INVALID);
        assertThat(codes.validate(owner, "10.4.4.4", mark + "-1").id()).isEqualTo(new TemplateId(template));
        redeem(codes, owner, mark + "-1", key());
        redeem(codes, other, mark + "-2", key());
        assertThat(side.mall().issued(Side.NEW, template)).isEqualTo(2);
    }

    @Test
    void ofManyUsersWhoNameACodeOfOneOfThemOnlyThatOneHasIt() {
        long template = side.mall().template(-1, 0);
        CodeBatch batch = importing(new CodeBatches(rooms(side), KEYS), template);
        Codes codes = codes();
        String code = key().substring(0, 12);
        List<Long> users =
                LongStream.generate(() -> side.mall().user()).limit(8).boxed().toList();
        var unused = codes.imports().add(batch, List.of(new CodeImports.Given(code, users.get(5))));
        Parallel.run(8, i -> {
            if (i == 5) {
                redeem(codes, users.get(i), code, key());
            } else {
                assertThat(refusal(() -> redeem(codes, users.get(i), code, key())))
                        .isEqualTo(Reason.CODE_INVALID);
            }
        });
        assertThat(side.mall().issued(Side.NEW, template)).isEqualTo(1);
    }

    @Test
    void ofTwoUploadsOfOneListEachRowIsNewToOne() {
        CodeBatches batches = new CodeBatches(rooms(side), KEYS);
        CodeBatch batch = importing(batches, side.mall().template(-1, 0));
        String mark = key().substring(0, 8);
        List<String> list = IntStream.range(0, 3_000).mapToObj(i -> mark + i).toList();
        AtomicInteger imported = new AtomicInteger();
        Parallel.run(
                4,
                i -> imported.addAndGet((int) codes().imports().add(batch, ofAnybody(list)).stream()
                        .filter(CodeImports.Result.IMPORTED::equals)
                        .count()));
        assertThat(imported).hasValue(3_000);
        assertThat(batches.batch(batch.id()).count()).isEqualTo(3_000);
    }

    @Test
    void aCodeIsOneCouponOfItsUserAndNothingToAnybodyElse() {
        long template = side.mall().template(10, 1);
        List<String> codes = batch(side, template, 3);
        long user = side.mall().user();
        String key = key();
        assertThat(codes().validate(user, "10.1.1.1", codes.get(0)).id()).isEqualTo(new TemplateId(template));
        Answer first = redeem(codes(), user, codes.get(0).toLowerCase(java.util.Locale.ROOT), key);
        assertThat(first.replayed()).isFalse();
        assertThat(redeem(codes(), user, codes.get(0), key)).isEqualTo(new Answer(first.json(), true));
        assertThat(refusal(() -> redeem(codes(), user, codes.get(0), key()))).isEqualTo(Reason.CODE_ALREADY_USED);
        long other = side.mall().user();
        assertThat(refusal(() -> redeem(codes(), other, codes.get(0), key()))).isEqualTo(Reason.CODE_INVALID);
        assertThat(refusal(() -> codes().validate(other, "10.1.1.1", codes.get(0))))
                .isEqualTo(Reason.CODE_INVALID);
        assertThat(refusal(() -> redeem(codes(), other, "ABCD-EFGH-JKLM", key())))
                .isEqualTo(Reason.CODE_INVALID);
        // Who has the limit keeps the code usable for others.
        assertThat(refusal(() -> redeem(codes(), user, codes.get(1), key()))).isEqualTo(Reason.PER_USER_LIMIT_REACHED);
        assertThat(redeem(codes(), other, codes.get(1), key()).replayed()).isFalse();
        assertThat(side.mall().issued(Side.NEW, template)).isEqualTo(2);
        assertThat(side.mall().remaining(template)).isEqualTo(8);
        assertThat(codes(2, template)).isEqualTo(2);
        assertThat(codes(0, template)).isEqualTo(1);
        // The coupon says where it came from.
        long sources = 0;
        for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
            sources += side.mall()
                    .number(
                            DatabaseId.shard(side.mall().plan.layout().databaseOf(slot)),
                            "SELECT COUNT(*) FROM "
                                    + side.mall().plan.layout().physicalTable("user_coupon", slot)
                                    + " WHERE template_id = ? AND source = 2 AND request_no LIKE 'code:%'",
                            template);
        }
        assertThat(sources).isEqualTo(2);
    }

    private static Answer redeem(Codes codes, long user, String code, String key, Channel via) {
        return codes.redeem(user, "10.0.0." + user, code, key, new Circumstances(Tenant.ALL, TagContext.NOTHING, via));
    }

    @Test
    void aKeyStandsForOneCodeAndOneChannel() {
        long template = side.mall().template(10, 0);
        List<String> codes = batch(side, template, 3);
        long user = side.mall().user();
        String key = key();
        Channel app = new Channel("app", "");
        Answer first = redeem(codes(), user, codes.get(0), key, app);
        for (String other : List.of(codes.get(1), "ABCD-EFGH-JKLM")) {
            assertThat(refusal(() -> redeem(codes(), user, other, key, app))).isEqualTo(Reason.IDEMPOTENCY_KEY_REUSED);
        }
        for (Channel other : List.of(Channel.NONE, new Channel("web", ""), new Channel("app", "p-1"))) {
            assertThat(refusal(() -> redeem(codes(), user, codes.get(0), key, other)))
                    .isEqualTo(Reason.IDEMPOTENCY_KEY_REUSED);
        }
        String used = key();
        redeem(codes(), user, codes.get(2), used);
        assertThat(refusal(() -> redeem(codes(), user, codes.get(2), key, app)))
                .isEqualTo(Reason.IDEMPOTENCY_KEY_REUSED);
        assertThat(redeem(codes(), user, codes.get(0), key, app)).isEqualTo(new Answer(first.json(), true));
        assertThat(side.mall().issued(Side.NEW, template)).isEqualTo(2);
        assertThat(codes(0, template)).as("the other code is everybody's").isEqualTo(1);
        assertThat(redeem(codes(), side.mall().user(), codes.get(1), key, app).replayed())
                .as("the key of another user")
                .isFalse();
    }

    /** How many coupons users get, each of whom names two codes under one key at the same moment. */
    private long couponsOfOneKey(Failpoints failpoints, int rounds, int calls) {
        long template = side.mall().template(-1, 0);
        List<String> codes = batch(side, template, 2 * rounds);
        long coupons = 0;
        for (int round = 0; round < rounds; round++) {
            long user = side.mall().user();
            String key = key();
            List<String> two = codes.subList(2 * round, 2 * round + 2);
            Set<String> answers = ConcurrentHashMap.newKeySet();
            Parallel.run(calls, i -> {
                try {
                    answers.add(
                            redeem(codes(failpoints), user, two.get(i % 2), key).json());
                } catch (Refusal e) {
                    assertThat(e.reason()).isEqualTo(Reason.IDEMPOTENCY_KEY_REUSED);
                }
            });
            coupons += answers.size();
        }
        assertThat(side.mall().issued(Side.NEW, template)).isEqualTo(coupons);
        assertThat(codes(1, template)).as("nothing is left half done").isZero();
        assertThat(codes(2, template)).isEqualTo(coupons);
        return coupons;
    }

    @Test
    void ofTwoCodesUnderOneKeyAtTheSameMomentOneIsACouponAndTheOtherIsGivenBack() {
        assertThat(couponsOfOneKey(Failpoints.NONE, 15, 4)).isEqualTo(15);
    }

    @Test
    void whereEachCodeHasKeysOfItsOwnOneKeyIsTwoCoupons() {
        assertThat(couponsOfOneKey(planting("code.keysOfItsOwn"), 3, 2)).isEqualTo(6);
    }

    @Test
    void ofTwoKeysForOneCodeTheOneThatIssuedItIsReplayedAndTheOtherIsTold() {
        for (Failpoint point : List.of(Failpoint.CODE_TAKEN, Failpoint.CODE_ISSUED)) {
            long template = side.mall().template(10, 0);
            String code = batch(side, template, 1).get(0);
            long user = side.mall().user();
            String before = key();
            String after = key();
            Codes dying = codes(reached -> {
                if (reached == point) {
                    throw new IllegalStateException("The process dies at " + point.word());
                }
            });
            assertThatThrownBy(() -> redeem(dying, user, code, before)).hasMessageContaining(point.word());
            boolean issued = point == Failpoint.CODE_ISSUED;
            if (issued) {
                assertThat(refusal(() -> redeem(codes(), user, code, after))).isEqualTo(Reason.CODE_ALREADY_USED);
            } else {
                assertThat(redeem(codes(), user, code, after).json()).contains(after);
            }
            String issuing = issued ? before : after;
            Answer again = redeem(codes(), user, code, issuing);
            assertThat(again.replayed()).as(point.word()).isTrue();
            assertThat(again.json()).contains(issuing);
            assertThat(refusal(() -> redeem(codes(), user, code, issued ? after : before)))
                    .isEqualTo(Reason.CODE_ALREADY_USED);
            assertThat(side.mall().issued(Side.NEW, template)).isEqualTo(1);
        }
        long template = side.mall().template(-1, 0);
        for (String code : batch(side, template, 10)) {
            long user = side.mall().user();
            Map<String, Answer> answers = new ConcurrentHashMap<>();
            Parallel.run(4, i -> {
                String key = "k" + i % 2 + "-" + user;
                try {
                    answers.putIfAbsent(key, redeem(codes(), user, code, key));
                } catch (Refusal e) {
                    assertThat(e.reason()).isEqualTo(Reason.CODE_ALREADY_USED);
                }
            });
            assertThat(answers).hasSize(1);
            answers.forEach((key, answer) ->
                    assertThat(redeem(codes(), user, code, key)).isEqualTo(new Answer(answer.json(), true)));
        }
        assertThat(side.mall().issued(Side.NEW, template)).isEqualTo(10);
    }

    private long couponsOfOneCode(SideUnderTest here, int users) {
        long template = here.mall().template(-1, 0);
        String code = batch(here, template, 1).get(0);
        Codes codes = new Codes(rooms(here), KEYS, LEASE, Failpoints.NONE);
        AtomicInteger given = new AtomicInteger();
        long[] all = new long[users];
        Arrays.setAll(all, i -> here.mall().user());
        Parallel.run(users, i -> {
            try {
                redeem(codes, all[i], code, key());
                given.incrementAndGet();
            } catch (Refusal e) {
                assertThat(e.reason()).isEqualTo(Reason.CODE_INVALID);
            }
        });
        assertThat(here.mall().issued(Side.NEW, template)).isEqualTo(given.get());
        return given.get();
    }

    @Test
    void ofManyUsersWithOneCodeOneWins() {
        assertThat(couponsOfOneCode(side, 64)).isEqualTo(1);
    }

    @Test
    void whereAUsedCodeIsForgottenASecondUserWins() {
        try (SideUnderTest broken = SideUnderTest.open(Side.NEW)) {
            for (DatabaseId shard : broken.mall().plan.shardDatabases()) {
                broken.mall()
                        .execute(
                                shard,
                                "CREATE TRIGGER forgetful BEFORE UPDATE ON coupon_code FOR EACH ROW"
                                        + " SET NEW.status = IF(NEW.status = 2, 0, NEW.status)");
            }
            long template = broken.mall().template(-1, 0);
            String code = batch(broken, template, 1).get(0);
            Codes codes = new Codes(rooms(broken), KEYS, LEASE, Failpoints.NONE);
            redeem(codes, broken.mall().user(), code, key());
            redeem(codes, broken.mall().user(), code, key());
            assertThat(broken.mall().issued(Side.NEW, template)).isEqualTo(2);
        }
    }

    @Test
    void aProcessThatDiesAtAnyStepLeavesACodeThatIsWorthOneCoupon() {
        for (Failpoint point : EnumSet.range(Failpoint.CODE_TAKEN, Failpoint.CODE_USED)) {
            for (boolean comesBack : new boolean[] {true, false}) {
                long template = side.mall().template(10, 0);
                String code = batch(side, template, 1).get(0);
                long user = side.mall().user();
                String key = key();
                AtomicBoolean dead = new AtomicBoolean();
                Codes dying = codes(reached -> {
                    if (reached == point && dead.compareAndSet(false, true)) {
                        throw new IllegalStateException("The process dies at " + point.word());
                    }
                });
                assertThatThrownBy(() -> redeem(dying, user, code, key)).hasMessageContaining(point.word());
                if (comesBack) {
                    assertThat(redeem(codes(), user, code, key).json()).contains("cpn_");
                } else {
                    codes().tidy();
                    assertThat(codes(1, template)).as(point.word()).isEqualTo(point == Failpoint.CODE_USED ? 0 : 1);
                    skew.addAndGet(LEASE.plusSeconds(1).toMillis());
                    Parallel.run(4, i -> codes().tidy());
                    boolean issued = point != Failpoint.CODE_TAKEN;
                    assertThat(codes(issued ? 2 : 0, template)).as(point.word()).isEqualTo(1);
                    long other = side.mall().user();
                    if (issued) {
                        assertThat(refusal(() -> redeem(codes(), other, code, key())))
                                .isEqualTo(Reason.CODE_INVALID);
                        assertThat(redeem(codes(), user, code, key).replayed()).isTrue();
                    } else {
                        assertThat(redeem(codes(), other, code, key()).replayed())
                                .isFalse();
                    }
                }
                assertThat(side.mall().issued(Side.NEW, template))
                        .as(point.word())
                        .isEqualTo(1);
                assertThat(side.mall().remaining(template)).as(point.word()).isEqualTo(9);
                assertThat(codes(2, template)).as(point.word()).isEqualTo(1);
            }
        }
    }

    @Test
    void whoIsTooSlowCannotIssueForACodeThatWasGivenToSomebodyElse() {
        long template = side.mall().template(10, 0);
        String code = batch(side, template, 1).get(0);
        long quick = side.mall().user();
        AtomicBoolean once = new AtomicBoolean();
        Codes slow = codes(reached -> {
            if (reached == Failpoint.CODE_TAKEN && once.compareAndSet(false, true)) {
                skew.addAndGet(LEASE.plusSeconds(1).toMillis());
                codes().tidy();
                assertThat(redeem(codes(), quick, code, key()).replayed()).isFalse();
            }
        });
        assertThat(refusal(() -> redeem(slow, side.mall().user(), code, key()))).isEqualTo(Reason.CODE_INVALID);
        assertThat(side.mall().issued(Side.NEW, template)).isEqualTo(1);
    }

    @Test
    void whoNamesTooManyCodesThatAreNoneIsKeptOutByEveryInstanceAndLongerEachTime() {
        long template = side.mall().template(10, 0);
        String code = batch(side, template, 1).get(0);
        long user = side.mall().user();
        for (int i = 0; i < 5; i++) {
            assertThat(refusal(() -> redeem(codes(), user, "AAAA-BBBB-CCCC", key())))
                    .isEqualTo(Reason.CODE_INVALID);
        }
        assertThatThrownBy(() -> redeem(codes(), user, code, key())).isInstanceOf(TooManyAttemptsException.class);
        assertThatThrownBy(() -> codes().validate(user, "10.9.9.9", code))
                .isInstanceOfSatisfying(
                        TooManyAttemptsException.class,
                        e -> assertThat(e.waiting()).isBetween(Duration.ofSeconds(30), Duration.ofMinutes(1)));
        skew.addAndGet(Duration.ofSeconds(61).toMillis());
        for (int i = 0; i < 5; i++) {
            assertThat(refusal(() -> redeem(codes(), user, "AAAA-BBBB-CCCC", key())))
                    .isEqualTo(Reason.CODE_INVALID);
        }
        skew.addAndGet(Duration.ofSeconds(61).toMillis());
        assertThatThrownBy(() -> redeem(codes(), user, code, key())).isInstanceOf(TooManyAttemptsException.class);
        skew.addAndGet(Duration.ofSeconds(61).toMillis());
        assertThat(redeem(codes(), user, code, key()).replayed()).isFalse();
    }

    @Test
    void aUsedKeyIsNoWayToGuess() {
        long template = side.mall().template(10, 0);
        long user = side.mall().user();
        String used = key();
        String code = batch(side, template, 1).get(0);
        var unused = redeem(codes(), user, code, used);
        for (int i = 0; i < 5; i++) {
            assertThat(refusal(() -> redeem(codes(), user, "AAAA-BBBB-CCCC", used)))
                    .isEqualTo(Reason.IDEMPOTENCY_KEY_REUSED);
        }
        assertThatThrownBy(() -> redeem(codes(), user, "AAAA-BBBB-CCCC", used))
                .isInstanceOf(TooManyAttemptsException.class);
    }

    @Test
    void oneAddressThatTriesManyUsersIsKeptOutToo() {
        Codes codes = codes();
        for (int i = 0; i < 50; i++) {
            assertThat(refusal(() -> codes.redeem(side.mall().user(), "10.66.6.6", "x", key())))
                    .isEqualTo(Reason.CODE_INVALID);
        }
        assertThatThrownBy(() -> codes.redeem(side.mall().user(), "10.66.6.6", "x", key()))
                .isInstanceOf(TooManyAttemptsException.class);
    }

    @Test
    void aTextThatIsNoCodeOfTheMallIsLookedForThereAndChangesNothing() {
        long template = side.mall().template(10, 0);
        side.mall()
                .execute(
                        DatabaseId.OLD,
                        "INSERT INTO mall_coupon_code (coupon_id, code) VALUES (?, 'GUESSED-1')",
                        template);
        side.mall().forgetStatements();
        long user = side.mall().user();
        for (String guess : List.of("GUESSED-2", "AAAA-BBBB-CCCC", "x")) {
            assertThat(refusal(() -> redeem(codes(), user, guess, key()))).isEqualTo(Reason.CODE_INVALID);
        }
        assertThat(side.mall().statements("SELECT coupon_id%FROM mall_coupon_code%"))
                .isEqualTo(3);
        assertThat(side.mall().statements("UPDATE mall_coupon_code%")).isZero();
        assertThat(side.mall().statements("UPDATE coupon_code %")).isZero();
        redeem(codes(), user, "GUESSED-1", key());
        assertThat(side.mall().statements("UPDATE mall_coupon_code%")).isEqualTo(1);
        assertThat(side.mall().statements("UPDATE coupon_code %")).isEqualTo(2);
    }

    @Test
    void theMallsCodesAreExchangedInTheMallAndAnAnswerOutlivesTheSwitch() {
        try (SideUnderTest old = SideUnderTest.open(Side.OLD)) {
            long template = old.mall().template(10, 0);
            old.mall()
                    .execute(
                            DatabaseId.OLD,
                            "INSERT INTO mall_coupon_code (coupon_id, code) VALUES (?, 'SPRING-7'), (?, 'SPRING-8'),"
                                    + " (?, 'Spring-10'), (?, 'SPRING-11'), (?, 'SPRING-12')",
                            template,
                            template,
                            template,
                            template,
                            template);
            Codes codes = new Codes(rooms(old), CodeKeys.NONE, LEASE, Failpoints.NONE);
            assertThatThrownBy(() ->
                            new CodeBatches(rooms(old), KEYS).order(key(), new TemplateId(template), 1, 12, "anna"))
                    .isInstanceOf(MigrationFenceException.class);
            AtomicInteger given = new AtomicInteger();
            Parallel.run(16, i -> {
                try {
                    redeem(codes, old.mall().user(), "spring-7", key());
                    given.incrementAndGet();
                } catch (Refusal e) {
                    assertThat(e.reason()).isIn(Reason.CODE_INVALID, Reason.CODE_ALREADY_USED);
                }
            });
            assertThat(given).hasValue(1);
            long user = old.mall().user();
            String key = key();
            Answer answer = redeem(codes, user, "SPRING-8 ", key);
            assertThat(redeem(codes, user, "SPRING-8", key)).isEqualTo(new Answer(answer.json(), true));
            assertThat(refusal(() -> redeem(codes, user, "SPRING-8", key()))).isEqualTo(Reason.CODE_ALREADY_USED);
            assertThat(refusal(() -> redeem(codes, user, "SPRING-9", key()))).isEqualTo(Reason.CODE_INVALID);
            for (String other : List.of("SPRING-11", "SPRING-7", "SPRING-9")) {
                assertThat(refusal(() -> redeem(codes, user, other, key))).isEqualTo(Reason.IDEMPOTENCY_KEY_REUSED);
            }
            assertThat(refusal(() -> redeem(codes, user, "SPRING-8", key, new Channel("app", ""))))
                    .isEqualTo(Reason.IDEMPOTENCY_KEY_REUSED);
            assertThat(old.mall().issued(Side.OLD, template)).isEqualTo(2);
            assertThat(old.mall().number(DatabaseId.OLD, "SELECT num FROM mall_coupon WHERE id = ?", template))
                    .isEqualTo(8);
            assertThat(old.mall()
                            .number(
                                    DatabaseId.OLD,
                                    "SELECT COUNT(*) FROM mall_coupon_user WHERE coupon_id = ? AND get_type = 2",
                                    template))
                    .isEqualTo(2);
            old.mall().copyForwardAll();
            old.mall().moveTruth(Side.NEW);
            Awaitility.await()
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> old.rooms().databases().truth() == Side.NEW);
            Codes onNew = new Codes(rooms(old), KEYS, LEASE, Failpoints.NONE);
            assertThat(redeem(onNew, user, "SPRING-8", key)).isEqualTo(new Answer(answer.json(), true));
            assertThat(refusal(() -> redeem(onNew, user, "SPRING-8", key()))).isEqualTo(Reason.CODE_INVALID);
            for (String other : List.of("SPRING-12", "SPRING-7", "SPRING-9")) {
                assertThat(refusal(() -> redeem(onNew, user, other, key))).isEqualTo(Reason.IDEMPOTENCY_KEY_REUSED);
            }

            // What nobody has exchanged goes on working behind the switch, for one.
            Map<Long, Answer> behind = new ConcurrentHashMap<>();
            Parallel.run(16, i -> {
                long one = old.mall().user();
                try {
                    behind.put(
                            one,
                            redeem(
                                    new Codes(rooms(old), KEYS, LEASE, Failpoints.NONE),
                                    one,
                                    "spring-10",
                                    "behind-" + one));
                } catch (Refusal e) {
                    assertThat(e.reason()).isEqualTo(Reason.CODE_INVALID);
                }
            });
            assertThat(behind).hasSize(1);
            assertThat(old.mall().issued(Side.NEW, template)).isEqualTo(3);
            assertThat(onNew.validate(user, "10.4.4.4", "SPRING-11").id()).isEqualTo(new TemplateId(template));
            onNew.voidCode("SPRING-12", Tenant.ALL, "anna", "stolen");
            assertThat(refusal(() -> redeem(onNew, user, "SPRING-12", key()))).isEqualTo(Reason.CODE_INVALID);

            // A twin that moves what was exchanged gives a second coupon for it.
            Codes twin = new Codes(rooms(old), KEYS, LEASE, planting("code.movesAny"));
            long issued = old.mall().issued(Side.NEW, template);
            redeem(twin, old.mall().user(), "SPRING-7", key());
            assertThat(old.mall().issued(Side.NEW, template)).isEqualTo(issued + 1);

            // After a rollback the mall has what was only looked at, and not what was moved.
            old.mall().copyBackAll();
            old.mall().moveTruth(Side.OLD);
            Awaitility.await()
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> old.rooms().databases().truth() == Side.OLD);
            assertThat(refusal(() -> redeem(codes, old.mall().user(), "SPRING-10", key())))
                    .isEqualTo(Reason.CODE_INVALID);
            assertThat(redeem(codes, old.mall().user(), "SPRING-11", key()).json())
                    .contains("cpn_");
            behind.forEach((one, first) -> assertThat(redeem(onNew, one, "SPRING-10", "behind-" + one))
                    .isEqualTo(new Answer(first.json(), true)));
        }
    }

    @Test
    void whatACodeGaveOnTheNewSideIsToldTheSameOnceOldHoldsTheTruthAgain() {
        try (SideUnderTest back = SideUnderTest.open(Side.NEW)) {
            long template = back.mall().template(10, 0);
            List<String> codes = batch(back, template, 2);
            Codes redeeming = new Codes(rooms(back), KEYS, LEASE, Failpoints.NONE);
            long user = back.mall().user();
            String key = key();
            Answer answer = redeem(redeeming, user, codes.get(0), key);
            back.mall().copyBackAll();
            back.mall().moveTruth(Side.OLD);
            Awaitility.await().until(() -> back.rooms().databases().truth() == Side.OLD);
            assertThat(redeem(redeeming, user, codes.get(0), key)).isEqualTo(new Answer(answer.json(), true));
            assertThat(refusal(() -> redeem(redeeming, user, codes.get(0), key())))
                    .isEqualTo(Reason.CODE_INVALID);
            assertThat(refusal(() -> redeem(redeeming, user, codes.get(1), key())))
                    .isEqualTo(Reason.CODE_INVALID);
            assertThat(refusal(() -> redeem(redeeming, user, codes.get(1), key)))
                    .isEqualTo(Reason.IDEMPOTENCY_KEY_REUSED);
        }
    }
}
