package dev.cutover.coupon.code;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.coupon.audit.AuditLog;
import dev.cutover.coupon.audit.Subject;
import dev.cutover.coupon.claim.Circumstances;
import dev.cutover.coupon.claim.Claims;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.idempotency.Operations;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.operation.Channel;
import dev.cutover.coupon.operation.Deadline;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.operation.Recorded;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.store.CollisionException;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.MigrationFenceException;
import dev.cutover.coupon.store.OperationRows;
import dev.cutover.coupon.store.SlotUsers;
import dev.cutover.coupon.store.StoreUnit;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.template.TemplateCatalog;
import dev.cutover.coupon.token.Tenant;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns a code into one coupon of one user.
 *
 * <p>Idea: a code and its user's coupons are in two databases, so a code is first taken for its user, then the coupon is issued there, and
 * with it an operation is recorded whose id names the code and how often it was taken; then the code says that it is used. Whoever finds a
 * code that was taken long ago looks for that operation: found, the code is used; not found, its id is occupied by an empty operation, so
 * that a slow issuer of the same taking can never commit, and only then the code is free again. Invariant: of all takings of a code at most
 * one has a coupon. Without the empty operation, a code could be freed and given to somebody else while its first user's coupon is about to
 * be committed.
 *
 * <p>The coupon itself is the answer of the operation of the caller's key, as that of a claim is: so a key is one code and one channel,
 * on whichever side it was used, and of two codes under one key at the same moment one is given back.
 *
 * <p>To everybody but its user, a code that is unknown, void, used or being used is the same: invalid. Safe for many threads.
 */
public final class Codes {
    static final String VERB = "code";

    private static final Logger LOG = LoggerFactory.getLogger(Codes.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String EMPTY = "{\"object\":\"nothing\"}";
    private static final JsonPointer REQUEST_NO = JsonPointer.compile("/request_no");
    private static final JsonPointer FIRST_COUPON = JsonPointer.compile("/coupons/0/id");
    private static final int MOST_TAKINGS = 3;
    /** A test leaves out that a code to be voided is nobody's, to see itself fail. */
    static final String VOIDS_ANY = "code.voidsAny";
    /** A test lets each code have keys of its own, to see itself fail. */
    static final String KEYS_OF_ITS_OWN = "code.keysOfItsOwn";

    private final CodeTable table;
    private final MallCodes mall;
    private final CodeImports imports;
    private final CodeBatches batches;
    private final CodeKeys keys;
    private final AttemptLimit limit;
    private final MetaDatabase meta;
    private final CouponDatabases databases;
    private final Operations operations;
    private final Claims claims;
    private final TemplateCatalog templates;
    private final InstantSource clock;
    private final Duration budget;
    private final Duration lease;
    private final Failpoints failpoints;

    /** The rooms that a code passes through. */
    public record Rooms(
            Topology topology,
            MetaDatabase meta,
            CouponDatabases databases,
            Operations operations,
            Claims claims,
            TemplateCatalog templates,
            SlotUsers users,
            InstantSource clock,
            Duration budget) {}

    /** @param lease how long a code stays taken when nobody ends it */
    public Codes(Rooms rooms, CodeKeys keys, Duration lease, Failpoints failpoints) {
        this.table = new CodeTable(rooms.topology(), rooms.databases(), rooms.users(), rooms.budget());
        this.mall = new MallCodes(rooms.topology(), rooms.databases(), rooms.claims(), rooms.budget(), failpoints);
        this.imports = new CodeImports(rooms, keys, failpoints);
        this.batches = new CodeBatches(rooms, keys);
        this.keys = keys;
        this.limit = new AttemptLimit(rooms.meta(), rooms.databases(), rooms.clock());
        this.meta = rooms.meta();
        this.databases = rooms.databases();
        this.operations = rooms.operations();
        this.claims = rooms.claims();
        this.templates = rooms.templates();
        this.clock = rooms.clock();
        this.budget = rooms.budget();
        this.lease = lease;
        this.failpoints = failpoints;
    }

    /** Issues the coupon of a code to a user, once for each code. */
    public Answer redeem(long user, String address, String typed, String key) {
        return redeem(user, address, typed, key, Circumstances.NONE);
    }

    /** The same of those templates that the caller may know of: a code of another is none. */
    public Answer redeem(long user, String address, String typed, String key, Circumstances circumstances) {
        AttemptLimit.Asker asker = new AttemptLimit.Asker(user, address);
        limit.requireFree(asker);
        Channel via = circumstances.via();
        Optional<Answer> answer = hidden(typed, circumstances.visible())
                ? Optional.empty()
                : databases.truth() == Side.OLD
                        ? mall.redeem(user, typed, key, via, alreadyUsed())
                        : redeemOnNew(user, typed, key, circumstances);
        if (answer.isEmpty()) {
            answer = earlierOrMissed(asker, typed, key, via);
        }
        if (answer.isEmpty()) {
            limit.missed(asker);
            throw invalid();
        }
        return answer.get();
    }

    /** A key that is in use does not make a guess anything else. */
    private Optional<Answer> earlierOrMissed(AttemptLimit.Asker asker, String typed, String key, Channel via) {
        try {
            return earlier(asker.user(), typed, key, via);
        } catch (Refusal e) {
            limit.missed(asker);
            throw e;
        }
    }

    /** Naming a code under a key. */
    static Operation operation(long user, String key, String code, Channel via) {
        return via.named() ? Operation.of(user, VERB, key, code, via.canonical()) : Operation.of(user, VERB, key, code);
    }

    /**
     * What this request was answered before, on whichever side: the operation of its key comes along with a switch and a rollback, also
     * where its code does not. Refuses when the key was used for another request.
     */
    private Optional<Answer> earlier(long user, String typed, String key, Channel via) {
        Stream<CodeHash> hashes =
                keys.isEmpty() ? Stream.empty() : Stream.concat(recognised(typed).stream(), imports.hashes(typed));
        List<Operation> spellings = Stream.concat(
                        Stream.of(MallCodes.operation(user, typed, key, via)),
                        hashes.map(hash -> hash.operation(user, key, via)))
                .toList();
        return operations.earlier(spellings, Deadline.after(budget));
    }

    /** The template whose coupon a code would give; changes nothing, but misses count. */
    public Template validate(long user, String address, String typed) {
        return validate(user, address, typed, Circumstances.NONE);
    }

    /** The same of those templates that the caller may know of: a code of another is none. */
    public Template validate(long user, String address, String typed, Circumstances circumstances) {
        AttemptLimit.Asker asker = new AttemptLimit.Asker(user, address);
        limit.requireFree(asker);
        Optional<TemplateId> template = databases.truth() == Side.OLD
                ? mall.template(typed)
                : onNew(typed, row -> row.status() == CodeTable.Status.NEW && row.isFor(user));
        if (template.isEmpty() || !circumstances.visible().test(template.get())) {
            limit.missed(asker);
            throw invalid();
        }
        Template found = templates.require(template.get(), "code").template();
        var unused = found.claimedAt(clock.millis());
        claims.requireAudience(user, found, circumstances.context());
        return found;
    }

    /** Asks the database only where there is somebody to hide codes from. */
    private boolean hidden(String typed, Predicate<TemplateId> visible) {
        if (visible == Tenant.ALL) {
            return false;
        }
        Optional<TemplateId> template =
                databases.truth() == Side.OLD ? mall.templateOfAny(typed) : onNew(typed, row -> true);
        return template.isPresent() && !visible.test(template.get());
    }

    /** Codes that were made elsewhere. */
    public CodeImports imports() {
        return imports;
    }

    /** The template of such a code, or of one that is still the mall's; changes nothing. */
    private Optional<TemplateId> onNew(String typed, Predicate<CodeTable.Row> such) {
        Optional<CodeTable.Row> row = found(typed);
        return row.isPresent() ? row.filter(such).map(CodeTable.Row::template) : mall.leftBehind(typed);
    }

    /** A code that is in the databases. */
    private Optional<CodeTable.Row> found(String typed) {
        return recognised(typed)
                .flatMap(table::find)
                .or(() -> imports.known(typed).flatMap(table::find));
    }

    /** The hash of a code that was the mall's until now. */
    private Optional<CodeHash> moved(String typed) {
        return mall.move(typed).flatMap(template -> {
            // No caller's number has a stroke.
            CodeBatch batch = batches.openImport("mall/" + template.number(), template, "mall");
            return batch.voiding() == CodeBatch.Voiding.NOT ? Optional.of(imports.add(batch, typed)) : Optional.empty();
        });
    }

    /**
     * Makes a code void that nobody has used; one that is void stays so.
     *
     * @param visible the templates whose codes the caller may know of
     */
    public void voidCode(String typed, Predicate<TemplateId> visible, String operator, String reason) {
        if (databases.truth() != Side.NEW) {
            throw new MigrationFenceException("Codes can be made void once the new side holds the truth.");
        }
        if (hidden(typed, visible)) {
            throw invalid();
        }
        CodeHash hash =
                found(typed).map(CodeTable.Row::hash).or(() -> moved(typed)).orElseThrow(Codes::invalid);
        String nobodys = failpoints.planted(VOIDS_ANY) ? "" : " AND status = 0";
        CodeTable.Row code = table.voidCode(hash, nobodys).orElseThrow(Codes::invalid);
        switch (code.status()) {
            // Behind it, and again when somebody asks again: in between a process may die.
            case VOID -> wrote(code, operator, reason);
            case USED ->
                throw new Refusal(Reason.CODE_ALREADY_USED, "code", "The code is used; its coupon can be recalled.");
            case NEW, CLAIMING ->
                throw new Refusal(
                        Reason.CODE_BATCH_STATE_CONFLICT,
                        "code",
                        "The code is being redeemed at this moment; ask again in a while.");
        }
    }

    private void wrote(CodeTable.Row code, String operator, String reason) {
        meta.write((connection, epoch) -> {
            AuditLog.append(
                    connection,
                    Subject.of(code.template()),
                    operator,
                    "void_code",
                    clock.millis(),
                    null,
                    JsonNodeFactory.instance
                            .objectNode()
                            .put("code_hash", code.hash().hex())
                            .put("reason", reason));
            return code;
        });
    }

    private static Refusal invalid() {
        return new Refusal(Reason.CODE_INVALID, "code", "There is no such code, or it cannot be used.");
    }

    private static Refusal alreadyUsed() {
        return new Refusal(Reason.CODE_ALREADY_USED, "code", "The user has used this code already.");
    }

    /** Without a database; the keys are few. */
    private Optional<CodeHash> recognised(String typed) {
        String text = CodeCipher.normalised(typed);
        for (String id : keys.ids()) {
            Optional<byte[]> hash = keys.cipher(id).recognised(text);
            if (hash.isPresent()) {
                return hash.map(CodeHash::of);
            }
        }
        return Optional.empty();
    }

    /** Asks for a code where it costs least first: most that is typed and is no code is none of the first, and of the others read only. */
    private Optional<Answer> redeemOnNew(long user, String typed, String key, Circumstances circumstances) {
        Function<CodeHash, Optional<CodeTable.Row>> take =
                hash -> table.take(hash, user, key, clock.millis() + lease.toMillis());
        Optional<CodeTable.Row> code = recognised(typed)
                .flatMap(take)
                .or(() -> imports.known(typed).flatMap(take))
                .or(() -> moved(typed).flatMap(take));
        for (int taking = 0; code.isPresent() && taking < MOST_TAKINGS; taking++) {
            CodeTable.Row taken = code.get();
            if (taken.user() != user) {
                return Optional.empty();
            }
            switch (taken.status()) {
                case NEW, VOID -> {
                    return Optional.empty();
                }
                case USED -> {
                    return Optional.of(usedBefore(taken, typed, key, circumstances.via()));
                }
                case CLAIMING -> {
                    Optional<Answer> answer = issue(taken, typed, key, circumstances);
                    if (answer.isPresent()) {
                        return answer;
                    }
                    // This taking was given up while we were at it; the code is free, or will be in a moment.
                    var unused = settle(taken);
                    code = take.apply(taken.hash());
                }
            }
        }
        return Optional.empty();
    }

    private Answer usedBefore(CodeTable.Row code, String typed, String key, Channel via) {
        return earlier(code.user(), typed, key, via)
                .or(() -> operations
                        .find(code.user(), taking(code).id(), Deadline.after(budget))
                        .flatMap(ended -> answer(code.user(), ended.result()))
                        .filter(answer -> text(answer, REQUEST_NO).equals(key))
                        .map(answer -> new Answer(answer, true)))
                .orElseThrow(Codes::alreadyUsed);
    }

    private static Operation taking(CodeTable.Row code) {
        return code.hash().taking(code.user(), code.attempt());
    }

    /** Issues the coupon of a code that is taken; empty when the taking was given up. */
    private Optional<Answer> issue(CodeTable.Row code, String typed, String key, Circumstances circumstances) {
        failpoints.hit(Failpoint.CODE_TAKEN);
        Answer answer;
        try {
            answer = claims.claimByCode(
                    code.hash()
                            .operation(
                                    code.user(),
                                    failpoints.planted(KEYS_OF_ITS_OWN)
                                            ? key + code.hash().hex().charAt(0)
                                            : key,
                                    circumstances.via()),
                    code.template(),
                    key,
                    (unit, now) -> end(unit, code, key, now),
                    circumstances);
        } catch (GivenUpException e) {
            return Optional.empty();
        } catch (Refusal e) {
            // The business refuses, so the code is given back at once; unless a twin of this request was faster.
            var unused = settle(code);
            Optional<Answer> twin = earlier(code.user(), typed, key, circumstances.via());
            if (twin.isPresent()) {
                return twin;
            }
            throw e;
        }
        failpoints.hit(Failpoint.CODE_ISSUED);
        table.used(code, coupon(answer.json()), clock.millis());
        failpoints.hit(Failpoint.CODE_USED);
        return Optional.of(answer);
    }

    /** Somebody else has ended the taking of a code without a coupon. */
    private static final class GivenUpException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        GivenUpException() {
            super("The taking of a code was given up.", null, false, false);
        }
    }

    /** Ends a taking with the coupon of a key, in the transaction that issues it. */
    private static void end(StoreUnit unit, CodeTable.Row code, String key, long now) throws SQLException {
        requireNew(unit);
        try {
            OperationRows.record(unit, taking(code), taken(key), now);
        } catch (CollisionException e) {
            String ended = OperationRows.find(unit, code.user(), taking(code).id())
                    .orElseThrow(() -> e)
                    .result();
            if (ended.equals(EMPTY)) {
                throw new GivenUpException();
            }
            if (!text(ended, REQUEST_NO).equals(key)) {
                throw alreadyUsed();
            }
            // A twin under the same key, whose answer is found by who asks again.
            throw e;
        }
    }

    private static void requireNew(StoreUnit unit) {
        if (unit.side() != Side.NEW) {
            throw new EpochMovedException("the code's user", "the truth on OLD");
        }
    }

    private static String taken(String key) {
        return JSON.createObjectNode()
                .put("object", "code_taking")
                .put("request_no", key)
                .toString();
    }

    /** What was answered by the coupon that a taking ended with. */
    private Optional<String> answer(long user, String ended) {
        // Takings of before held it themselves.
        return !text(ended, FIRST_COUPON).isEmpty()
                ? Optional.of(ended)
                : operations
                        .find(user, VERB + ":" + text(ended, REQUEST_NO), Deadline.after(budget))
                        .map(Recorded::result);
    }

    private static long coupon(String answer) {
        return CouponId.parse(text(answer, FIRST_COUPON)).orElseThrow().number();
    }

    private static String text(String recorded, JsonPointer field) {
        try {
            return JSON.readTree(recorded).at(field).asText();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("What was recorded is no JSON: " + recorded, e);
        }
    }

    /** Ends a taking for good, one way or the other: whether it had a coupon; if not, nobody can give it one any more. */
    private boolean settle(CodeTable.Row code) {
        Operation taking = taking(code);
        String ended = operations
                .perform(taking, Deadline.after(budget), (store, unit, now) -> {
                    requireNew(unit);
                    OperationRows.record(unit, taking, EMPTY, now);
                    return EMPTY;
                })
                .json();
        if (ended.equals(EMPTY)) {
            table.free(code);
            return false;
        }
        table.used(code, coupon(answer(code.user(), ended).orElseThrow()), clock.millis());
        return true;
    }

    /** Ends takings that were left half done; never throws, for a scheduled task that throws is not run again. */
    public void tidy() {
        try {
            for (int database = 0; databases.truth() == Side.NEW && database < table.databases(); database++) {
                for (CodeTable.Row code : table.abandoned(database, clock.millis())) {
                    LOG.info("A code that was left half done is {}", settle(code) ? "used" : "free again");
                }
            }
            if (databases.truth() == Side.NEW) {
                imports.finishAbandoned(lease);
            }
        } catch (EpochMovedException e) {
            LOG.debug("Codes wait for a switch of the migration", e);
        } catch (RuntimeException e) {
            LOG.warn("Codes could not be tidied, trying again: {}", e.toString());
        }
    }
}
