package dev.cutover.coupon.issuance;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.routing.ShardLayout;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.id.IssuanceId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.stock.SoldOut;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.MigrationFenceException;
import dev.cutover.coupon.store.Sequences;
import dev.cutover.coupon.store.SlotUsers;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.template.TemplateCatalog;
import dev.cutover.coupon.transfer.StockTransfers;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Targeted issuances as operators see them: ordered, watched, paused and tuned.
 *
 * <p>Only NEW can issue to an audience; while OLD holds the truth everything here is refused. Safe for many threads.
 */
public final class Issuances {
    /** Users of a chunk: work of about a second, so that little is done twice when a worker dies. */
    public static final int USUAL_CHUNK = 20_000;

    private static final int SEED_BYTES = 16;

    private final IssuanceTables tables;
    private final DatabaseIssuer issuer;
    private final CouponDatabases databases;
    private final TemplateCatalog templates;
    private final ShardLayout layout;
    private final InstantSource clock;
    private final int chunkUsers;
    private final MessageCentre centre;
    private final Failpoints failpoints;
    private final SecureRandom random = new SecureRandom();
    private final WorkShares shares = new WorkShares();

    /** The rooms that an issuance passes through. */
    public record Rooms(
            MetaDatabase meta,
            CouponDatabases databases,
            TemplateCatalog templates,
            Sequences sequences,
            StockTransfers transfers,
            SoldOut soldOut,
            SlotUsers users,
            ShardLayout layout,
            InstantSource clock,
            Duration budget) {}

    public Issuances(Rooms rooms, MessageCentre centre, int chunkUsers, Failpoints failpoints) {
        this.tables = new IssuanceTables(rooms.meta(), failpoints);
        this.issuer = new DatabaseIssuer(
                rooms.databases(),
                rooms.sequences(),
                rooms.transfers(),
                rooms.soldOut(),
                rooms.users(),
                rooms.clock(),
                rooms.budget(),
                failpoints);
        this.databases = rooms.databases();
        this.templates = rooms.templates();
        this.layout = rooms.layout();
        this.clock = rooms.clock();
        this.chunkUsers = chunkUsers;
        this.centre = centre;
        this.failpoints = failpoints;
    }

    /** A worker on these issuances; the caller calls it, and closes it. */
    public IssuanceWorker worker(IssuanceWorker.Options options) {
        return new IssuanceWorker(tables, issuer, databases, templates, layout, clock, options, shares, failpoints);
    }

    /** Whoever takes messages to the message centre; the caller calls it. */
    public MessageDelivery delivery(Retries pauses) {
        return new MessageDelivery(tables, databases, centre, clock, pauses);
    }

    /**
     * A task and how far it is.
     *
     * @param usersPerSecond since it last began to run
     */
    public record Progress(
            IssuanceTask task,
            long failed,
            long dead,
            long messagesWaiting,
            long messagesDelivered,
            String messageCentre,
            double usersPerSecond) {
        public long pending() {
            return task.named() - task.duplicates() - task.issued() - failed;
        }

        /** Seconds to the end at this rate; empty when that cannot be told. */
        public Optional<Long> secondsLeft() {
            return task.state() == IssuanceState.RUNNING && usersPerSecond > 0
                    ? Optional.of((long) Math.ceil(pending() / usersPerSecond))
                    : Optional.empty();
        }
    }

    /** What became of an order. */
    public record Ordered(Progress progress, boolean known) {}

    /** Orders an issuance, once for each number. */
    public Ordered order(IssuanceOrder order) {
        requireNew();
        Optional<IssuanceTask> known = tables.taskOf(order.issuanceNo());
        if (known.isEmpty()) {
            requireIssuable(templates.require(order.template(), "template_id").template());
            try {
                byte[] seed = new byte[SEED_BYTES];
                random.nextBytes(seed);
                IssuanceId id = tables.create(
                        order,
                        HexFormat.of().formatHex(seed),
                        layout,
                        chunkUsers,
                        new Change(clock.millis(), order.operator(), "ordered"));
                return new Ordered(progress(id), false);
            } catch (DatabaseTroubleException e) {
                // A twin was faster, if its row is there now.
                known = tables.taskOf(order.issuanceNo());
                if (known.isEmpty()) {
                    throw e;
                }
            }
        }
        if (!known.get().fingerprint().equals(order.fingerprint())) {
            throw new Refusal(
                    Reason.IDEMPOTENCY_KEY_REUSED,
                    "issuance_no",
                    "Issuance '" + order.issuanceNo() + "' is there already, for another template or audience.");
        }
        return new Ordered(progress(known.get()), true);
    }

    // Each user is asked for the limit a user; what would have to be asked for each day, or by more than the user's
    // coupons of the template, is not.
    private void requireIssuable(Template template) {
        var unused = template.claimedAt(clock.millis());
        List<String> strict = strictRules(template);
        if (!strict.isEmpty()) {
            throw new Refusal(
                    Reason.TEMPLATE_NOT_ISSUABLE,
                    "template_id",
                    "Template " + template.id() + " has rules that an issuance does not ask for each user: " + strict
                            + ".");
        }
    }

    private static List<String> strictRules(Template template) {
        List<String> strict = new ArrayList<>();
        if (template.terms().dailyLimit() != null) {
            strict.add("daily_limit");
        }
        if (template.terms().audience() != null) {
            strict.add("audience");
        }
        return strict;
    }

    /** Gives an issuance that awaits them its users; the same users again are no change. */
    public Progress upload(IssuanceId id, Audience audience, String operator) {
        requireNew();
        IssuanceTask task = require(id);
        if (task.state() != IssuanceState.AWAITING_AUDIENCE
                || !tables.begin(id, audience, layout, chunkUsers, clock.millis())) {
            task = require(id);
            if (!audience.sha256().equals(task.audience())) {
                throw new Refusal(
                        Reason.ISSUANCE_STATE_CONFLICT,
                        "id",
                        "Issuance " + id + " is " + task.state() + " and has its audience already.");
            }
        }
        return progress(id);
    }

    public Progress progress(IssuanceId id) {
        requireNew();
        return progress(require(id));
    }

    private Progress progress(IssuanceTask task) {
        IssuanceTables.Counts counts = tables.counts(task.id());
        Long finished = task.finishedAt();
        long end = finished == null ? clock.millis() : finished;
        long ran = task.runSince() == 0 ? 0 : Math.max(1, end - task.runSince());
        return new Progress(
                task,
                counts.failed(),
                counts.dead(),
                counts.messagesWaiting(),
                counts.messagesDelivered(),
                centre.where(),
                ran == 0 ? 0 : (task.issued() - task.runBase()) * 1000.0 / ran);
    }

    /** The newest first, those before {@code id}. */
    public List<IssuanceTask> list(Optional<IssuanceId> before, int most) {
        requireNew();
        return tables.tasksBefore(before.map(IssuanceId::number).orElse(Long.MAX_VALUE), most);
    }

    /** The same of those templates that the caller may know of. */
    public List<IssuanceTask> list(Optional<IssuanceId> before, int most, Predicate<TemplateId> visible) {
        List<IssuanceTask> found = new ArrayList<>();
        Optional<IssuanceId> from = before;
        while (true) {
            List<IssuanceTask> read = list(from, most);
            read.stream().filter(task -> visible.test(task.template())).forEach(found::add);
            if (found.size() >= most || read.size() < most) {
                return found;
            }
            from = Optional.of(read.get(most - 1).id());
        }
    }

    public List<UserFailure> failures(IssuanceId id, long afterUser, int most) {
        requireNew();
        var unused = require(id);
        return tables.failures(id, afterUser, most);
    }

    public Progress pause(IssuanceId id, String operator) {
        return move(id, List.of(IssuanceState.RUNNING), IssuanceState.PAUSED, operator, "paused");
    }

    public Progress resume(IssuanceId id, String operator) {
        return move(id, List.of(IssuanceState.PAUSED), IssuanceState.RUNNING, operator, "resumed");
    }

    /** Ends it for good; coupons that were issued stay. */
    public Progress cancel(IssuanceId id, String operator) {
        IssuanceTask task = requireOnNew(id);
        if (task.state() == IssuanceState.CANCELLED) {
            return progress(task);
        }
        return move(
                id,
                List.of(IssuanceState.AWAITING_AUDIENCE, IssuanceState.RUNNING, IssuanceState.PAUSED),
                IssuanceState.CANCELLING,
                operator,
                "cancelled");
    }

    private Progress move(IssuanceId id, List<IssuanceState> from, IssuanceState to, String operator, String what) {
        var unused = requireOnNew(id);
        if (!tables.move(id, from, to, null, new Change(clock.millis(), operator, what))) {
            IssuanceTask task = require(id);
            // Asked twice, it is as it was asked for.
            if (task.state() != to) {
                throw new Refusal(
                        Reason.ISSUANCE_STATE_CONFLICT,
                        "id",
                        "Issuance " + id + " is " + task.state() + " and cannot be " + what + ".");
            }
        }
        return progress(id);
    }

    public Progress tune(IssuanceId id, Tunables tunables, String operator) {
        IssuanceTask task = requireOnNew(id);
        if (!tables.tune(id, tunables, new Change(clock.millis(), operator, task.tunables() + " -> " + tunables))) {
            throw new Refusal(
                    Reason.ISSUANCE_STATE_CONFLICT, "id", "Issuance " + id + " has ended: " + task.state() + ".");
        }
        return progress(id);
    }

    private IssuanceTask requireOnNew(IssuanceId id) {
        requireNew();
        return require(id);
    }

    private IssuanceTask require(IssuanceId id) {
        return tables.task(id)
                .orElseThrow(() -> new Refusal(Reason.ISSUANCE_NOT_FOUND, "id", "There is no issuance " + id + "."));
    }

    private void requireNew() {
        if (databases.truth() != Side.NEW) {
            throw new MigrationFenceException(
                    "Coupons can be issued to an audience once the new side holds the truth.");
        }
    }
}
