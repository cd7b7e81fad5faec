package dev.cutover.coupon.code;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.coupon.claim.Circumstances;
import dev.cutover.coupon.claim.Claims;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.idempotency.Operations;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.operation.Deadline;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.operation.Recorded;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns a code into one coupon of one user.
 *
 * <p>Idea: a code and its user's coupons are in two databases, so a code is first taken for its user, then the coupon is issued there under
 * an operation id that names the code and how often it was taken, then the code says that it is used. Whoever finds a code that was taken
 * long ago looks for that operation: found, the code is used; not found, its id is occupied by an empty operation, so that a slow issuer
 * of the same taking can never commit, and only then the code is free again. Invariant: of all takings of a code at most one has a coupon.
 * Without the empty operation, a code could be freed and given to somebody else while its first user's coupon is about to be committed.
 *
 * <p>To everybody but its user, a code that is unknown, void, used or being used is the same: invalid. Safe for many threads.
 */
public final class Codes {
    static final String VERB = "code";

    private static final Logger LOG = LoggerFactory.getLogger(Codes.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String EMPTY = "{\"object\":\"nothing\"}";
    private static final int MOST_TAKINGS = 3;
    // A code is taken again only when its issuer died or was refused; each further one is a read when a client asks
    // OLD.
    private static final int MOST_TAKINGS_LOOKED_FOR = 8;
    /** A test leaves out that a code to be voided is nobody's, to see itself fail. */
    static final String VOIDS_ANY = "code.voidsAny";

    private final CodeTable table;
    private final MallCodes mall;
    private final CodeImports imports;
    private final CodeBatches batches;
    private final CodeKeys keys;
    private final AttemptLimit limit;
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
        this.imports = new CodeImports(rooms, keys);
        this.batches = new CodeBatches(rooms, keys);
        this.keys = keys;
        this.limit = new AttemptLimit(rooms.meta(), rooms.databases(), rooms.clock());
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
        Optional<Answer> answer = hidden(typed, circumstances.visible())
                ? Optional.empty()
                : databases.truth() == Side.OLD
                        ? mall.redeem(user, typed, key, alreadyUsed())
                        : redeemOnNew(user, typed, key, circumstances);
        if (answer.isEmpty()) {
            answer = answeredOnTheOtherSide(user, typed, key);
        }
        if (answer.isEmpty()) {
            limit.missed(asker);
            throw invalid();
        }
        return answer.get();
    }

    /** What was exchanged before a switch or a rollback: the operation came along, its code did not. */
    private Optional<Answer> answeredOnTheOtherSide(long user, String typed, String key) {
        List<String> operationIds =
                new ArrayList<>(List.of(Operation.of(user, VERB, key).id()));
        if (databases.truth() == Side.OLD && !keys.isEmpty()) {
            Stream.concat(recognised(typed).stream(), mall.isMoved(typed) ? imports.hashes(typed) : Stream.empty())
                    .forEach(hash -> IntStream.rangeClosed(1, MOST_TAKINGS_LOOKED_FOR)
                            .forEach(taking -> operationIds.add(
                                    hash.operation(user, taking).id())));
        }
        Deadline deadline = Deadline.after(budget);
        return operationIds.stream()
                .flatMap(id -> operations.find(user, id, deadline).stream())
                .map(Recorded::result)
                .filter(result -> asked(result, key))
                .findFirst()
                .map(result -> new Answer(result, true));
    }

    private static boolean asked(String result, String key) {
        try {
            return JSON.readTree(result).path("request_no").asText().equals(key);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("An answer that was recorded is no JSON.", e);
        }
    }

    /** The template whose coupon a code would give; changes nothing, but misses count. */
    public Template validate(long user, String address, String typed) {
        return validate(user, address, typed, Circumstances.NONE);
    }

    /** The same of those templates that the caller may know of: a code of another is none. */
    public Template validate(long user, String address, String typed, Circumstances circumstances) {
        AttemptLimit.Asker asker = new AttemptLimit.Asker(user, address);
        limit.requireFree(asker);
        Optional<TemplateId> template =
                databases.truth() == Side.OLD ? mall.template(typed) : onNew(typed, CodeTable.Status.NEW);
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
                databases.truth() == Side.OLD ? mall.templateOfAny(typed) : onNew(typed, CodeTable.Status.values());
        return template.isPresent() && !visible.test(template.get());
    }

    /** Codes that were made elsewhere. */
    public CodeImports imports() {
        return imports;
    }

    /** The template of a code that stands like this, or that is still the mall's; changes nothing. */
    private Optional<TemplateId> onNew(String typed, CodeTable.Status... standing) {
        Optional<CodeTable.Row> row = hash(typed).flatMap(table::find);
        return row.isPresent()
                ? row.filter(found -> List.of(standing).contains(found.status()))
                        .map(CodeTable.Row::template)
                : mall.leftBehind(typed);
    }

    /** The hash of a code that may be in the databases. */
    private Optional<CodeHash> hash(String typed) {
        return imports.known(typed).or(() -> recognised(typed));
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
        CodeHash hash = hash(typed)
                .filter(found -> table.find(found).isPresent())
                .or(() -> moved(typed))
                .orElseThrow(Codes::invalid);
        String nobodys = failpoints.planted(VOIDS_ANY) ? "" : " AND status = 0";
        CodeTable.Row code = table.voidCode(hash, nobodys).orElseThrow(Codes::invalid);
        switch (code.status()) {
            case VOID -> LOG.info("Operator {} made code {} void: {}", operator, hash.hex(), reason);
            case USED ->
                throw new Refusal(Reason.CODE_ALREADY_USED, "code", "The code is used; its coupon can be recalled.");
            case NEW, CLAIMING ->
                throw new Refusal(
                        Reason.CODE_BATCH_STATE_CONFLICT,
                        "code",
                        "The code is being redeemed at this moment; ask again in a while.");
        }
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

    private Optional<Answer> redeemOnNew(long user, String typed, String key, Circumstances circumstances) {
        Optional<CodeHash> hash = hash(typed).or(() -> moved(typed));
        for (int taking = 0; hash.isPresent() && taking < MOST_TAKINGS; taking++) {
            Optional<CodeTable.Row> found = table.take(hash.get(), user, key, clock.millis() + lease.toMillis());
            if (found.isEmpty() && taking == 0) {
                // A text that could have been made here may be one of the mall's all the same.
                hash = moved(typed);
                continue;
            }
            if (found.isEmpty() || found.get().user() != user) {
                return Optional.empty();
            }
            CodeTable.Row code = found.get();
            switch (code.status()) {
                case NEW, VOID -> {
                    return Optional.empty();
                }
                case USED -> {
                    return Optional.of(usedBefore(code, key));
                }
                case CLAIMING -> {
                    Optional<Answer> answer = issue(code, key, circumstances);
                    if (answer.isPresent()) {
                        return answer;
                    }
                    // This taking was given up while we were at it; the code is free, or will be in a moment.
                    var unused = settle(code);
                }
            }
        }
        return Optional.empty();
    }

    private Answer usedBefore(CodeTable.Row code, String key) {
        if (!key.equals(code.requestNo())) {
            throw alreadyUsed();
        }
        return operations
                .find(code.user(), operation(code).id(), Deadline.after(budget))
                .map(recorded -> new Answer(recorded.result(), true))
                .orElseThrow(Codes::alreadyUsed);
    }

    private static Operation operation(CodeTable.Row code) {
        return code.hash().operation(code.user(), code.attempt());
    }

    /** Issues the coupon of a code that is taken; empty when the taking was given up. */
    private Optional<Answer> issue(CodeTable.Row code, String key, Circumstances circumstances) {
        failpoints.hit(Failpoint.CODE_TAKEN);
        Answer answer;
        try {
            answer = claims.claimByCode(
                    operation(code),
                    code.template(),
                    key,
                    (unit, now) -> {
                        if (unit.side() != Side.NEW) {
                            throw new EpochMovedException("the code's user", "the truth on OLD");
                        }
                    },
                    circumstances);
        } catch (Refusal e) {
            // The business refuses, so the code is given back at once; unless a twin of this request was faster.
            Optional<Answer> twin = settle(code);
            if (twin.isPresent()) {
                return twin;
            }
            throw e;
        }
        if (answer.json().equals(EMPTY)) {
            return Optional.empty();
        }
        failpoints.hit(Failpoint.CODE_ISSUED);
        table.used(code, coupon(answer), clock.millis());
        failpoints.hit(Failpoint.CODE_USED);
        return Optional.of(answer);
    }

    private static long coupon(Answer answer) {
        try {
            JsonNode claim = JSON.readTree(answer.json());
            return CouponId.parse(claim.path("coupons").path(0).path("id").asText())
                    .orElseThrow()
                    .number();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A recorded claim is not JSON: " + answer.json(), e);
        }
    }

    /** Ends a taking for good, one way or the other: the answer it had, or empty, and then nobody can give it one any more. */
    private Optional<Answer> settle(CodeTable.Row code) {
        Operation operation = operation(code);
        Answer answer = operations.perform(
                operation, Deadline.after(budget), (store, unit, now) -> occupy(unit, operation, now));
        if (answer.json().equals(EMPTY)) {
            table.free(code);
            return Optional.empty();
        }
        table.used(code, coupon(answer), clock.millis());
        return Optional.of(new Answer(answer.json(), true));
    }

    private static String occupy(StoreUnit unit, Operation operation, long now) throws SQLException {
        if (unit.side() != Side.NEW) {
            throw new EpochMovedException("the code's user", "the truth on OLD");
        }
        OperationRows.record(unit, operation, EMPTY, now);
        return EMPTY;
    }

    /** Ends takings that were left half done; never throws, for a scheduled task that throws is not run again. */
    public void tidy() {
        try {
            for (int database = 0; databases.truth() == Side.NEW && database < table.databases(); database++) {
                for (CodeTable.Row code : table.abandoned(database, clock.millis())) {
                    Optional<Answer> coupon = settle(code);
                    LOG.info("A code that was left half done is {}", coupon.isPresent() ? "used" : "free again");
                }
            }
        } catch (EpochMovedException e) {
            LOG.debug("Codes wait for a switch of the migration", e);
        } catch (RuntimeException e) {
            LOG.warn("Codes could not be tidied, trying again: {}", e.toString());
        }
    }
}
