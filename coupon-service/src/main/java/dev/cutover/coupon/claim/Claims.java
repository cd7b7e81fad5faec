package dev.cutover.coupon.claim;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.idempotency.Operations;
import dev.cutover.coupon.lock.ClaimLock;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.operation.Deadline;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.operation.Recorded;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.shape.ClaimShapes;
import dev.cutover.coupon.stock.SoldOut;
import dev.cutover.coupon.stock.StockShortException;
import dev.cutover.coupon.store.AudienceMovedException;
import dev.cutover.coupon.store.ClaimOrder;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.SlotUsers;
import dev.cutover.coupon.store.StoreUnit;
import dev.cutover.coupon.tag.Audiences;
import dev.cutover.coupon.tag.TagContext;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.template.TemplateCatalog;
import dev.cutover.coupon.transfer.StockTransfers;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The unified claim: coupons of one or more templates for one user, once for each key.
 *
 * <p>Safe for many threads.
 */
public final class Claims {
    /** How many coupons one request may ask for at most. */
    public static final int MOST_COUPONS = 20;

    /** How many templates at most: the recorded answer says of each what became of it, and has room for as many. */
    public static final int MOST_TEMPLATES = 10;

    /** Nothing. */
    public static final Before NOTHING_BEFORE = (unit, now) -> {};

    private static final String VERB = "claim";

    private final CouponDatabases databases;
    private final Operations operations;
    private final StockTransfers transfers;
    private final ClaimLock lock;
    private final SlotUsers users;
    private final CouponSerials serials;
    private final Audiences audiences;
    private final TemplateCatalog templates;
    private final ClaimLimits limits;
    private final SoldOut soldOut;
    private final InstantSource clock;
    private final Duration budget;

    /** What happens to a claim of which one template is refused. */
    public enum Mode {
        /** Nothing is claimed, and it is told of every one that is refused. */
        ALL,
        /** The others are claimed; of one template all coupons or none. */
        PARTIAL
    }

    /** So many coupons of one template. */
    public record Wanted(TemplateId template, int quantity) {}

    public Claims(
            CouponDatabases databases,
            Operations operations,
            StockTransfers transfers,
            ClaimLock lock,
            SlotUsers users,
            CouponSerials serials,
            Audiences audiences,
            TemplateCatalog templates,
            ClaimLimits limits,
            SoldOut soldOut,
            InstantSource clock,
            Duration budget) {
        this.databases = databases;
        this.operations = operations;
        this.transfers = transfers;
        this.lock = lock;
        this.users = users;
        this.serials = serials;
        this.audiences = audiences;
        this.templates = templates;
        this.limits = limits;
        this.soldOut = soldOut;
        this.clock = clock;
        this.budget = budget;
    }

    /** How much a request may ask for. */
    public ClaimLimits limits() {
        return limits;
    }

    /** A claim of one template. */
    public Answer claim(long userId, TemplateId template, int quantity, String key) {
        return claim(userId, List.of(new Wanted(template, quantity)), Mode.ALL, key);
    }

    /**
     * A claim of several templates.
     *
     * @param wanted each template once
     */
    public Answer claim(long userId, List<Wanted> wanted, Mode mode, String key) {
        return claim(userId, wanted, mode, key, Circumstances.NONE);
    }

    /**
     * A claim of several templates.
     *
     * @param wanted each template once
     */
    public Answer claim(long userId, List<Wanted> wanted, Mode mode, String key, Circumstances circumstances) {
        List<String> canonical = new ArrayList<>();
        List<ClaimOrder.Item> items = new ArrayList<>();
        for (Wanted one : wanted) {
            canonical.add(Long.toString(one.template().number()));
            canonical.add(Integer.toString(one.quantity()));
            items.add(new ClaimOrder.Item(
                    items.size(),
                    one.template(),
                    Stream.generate(serials::next).limit(one.quantity()).toList()));
        }
        if (mode == Mode.PARTIAL) {
            canonical.add(mode.name());
        }
        if (circumstances.via().named()) {
            canonical.add(circumstances.via().canonical());
        }
        SortedMap<Integer, Refusal> refused = hidden(items, circumstances.visible());
        if (refused.size() == items.size()) {
            throw told(items, refused);
        }
        Operation operation = Operation.of(userId, VERB, key, canonical.toArray(String[]::new));
        Optional<Refusal> tooMuch = limits.now().exceededBy(wanted);
        if (tooMuch.isPresent()) {
            // It may have been claimed when more was allowed.
            return operations.earlier(operation, Deadline.after(budget)).orElseThrow(tooMuch::get);
        }
        return claim(
                new ClaimOrder(operation, ClaimOrder.Source.CLAIMED, items, circumstances.via()),
                NOTHING_BEFORE,
                mode,
                key,
                refused,
                circumstances.context());
    }

    /** The first refusal, with a line of each item that was refused and of what led to that. */
    private static Refusal told(List<ClaimOrder.Item> items, SortedMap<Integer, Refusal> refused) {
        List<Map<String, String>> details = new ArrayList<>();
        refused.forEach((number, refusal) -> {
            Map<String, String> line = new LinkedHashMap<>();
            line.put("template_id", items.get(number).template().toString());
            line.put("code", refusal.reason().code());
            if (refusal.details().isEmpty()) {
                details.add(line);
            }
            for (Map<String, String> why : refusal.details()) {
                Map<String, String> longer = new LinkedHashMap<>(line);
                longer.putAll(why);
                details.add(longer);
            }
        });
        return first(refused).with(details);
    }

    private static Refusal first(SortedMap<Integer, Refusal> refused) {
        return refused.values().iterator().next();
    }

    /** A code gives one coupon, of a template that its user has not named. */
    private static Refusal told(ClaimOrder order, SortedMap<Integer, Refusal> refused) {
        return order.source() == ClaimOrder.Source.CODE ? first(refused) : told(order.items(), refused);
    }

    private static SortedMap<Integer, Refusal> hidden(List<ClaimOrder.Item> items, Predicate<TemplateId> visible) {
        SortedMap<Integer, Refusal> hidden = new TreeMap<>();
        for (ClaimOrder.Item item : items) {
            if (!visible.test(item.template())) {
                hidden.put(
                        item.number(),
                        Template.notFound(item.template(), "items[0].template_id")
                                .ofItem(item.number()));
            }
        }
        return hidden;
    }

    /** What has to succeed in the transaction of a claim before its coupons are inserted. */
    @FunctionalInterface
    public interface Before {
        void run(StoreUnit unit, long now) throws SQLException;
    }

    /** One coupon for a code, under the operation that the code was taken with. */
    public Answer claimByCode(
            Operation operation, TemplateId template, String key, Before before, Circumstances circumstances) {
        ClaimOrder order = new ClaimOrder(
                operation,
                ClaimOrder.Source.CODE,
                List.of(new ClaimOrder.Item(0, template, List.of(serials.next()))),
                circumstances.via());
        return claim(order, before, Mode.ALL, key, new TreeMap<>(), circumstances.context());
    }

    /** Refuses a user who is not of the audience of a template. */
    public void requireAudience(long userId, Template template, TagContext context) {
        Refusal refusal = audiences.outside(userId, List.of(template), context).get(template.id());
        if (refusal != null) {
            throw refusal;
        }
    }

    /**
     * Asks about audiences first, for that may take a while, and then holds the lock. What was sold out a moment ago is refused before: a
     * storm behind the last coupon costs the databases two reads a claim, and no lock, number or unit.
     */
    private Answer claim(
            ClaimOrder order,
            Before before,
            Mode mode,
            String key,
            SortedMap<Integer, Refusal> hidden,
            TagContext context) {
        Deadline deadline = Deadline.after(budget);
        while (true) {
            SortedMap<Integer, Refusal> refused = new TreeMap<>(hidden);
            refuseSoldOut(order, refused);
            ClaimOrder judged = judged(order, context, refused);
            if (refused.size() == order.items().size()) {
                // It may have been claimed when the user was of the audience, or with the last coupon.
                return operations.earlier(order.operation(), deadline).orElseThrow(() -> told(order, refused));
            }
            try (ClaimLock.Hold hold = lock.hold(
                    order.userId(),
                    order.items().stream().map(ClaimOrder.Item::template).toList())) {
                return claim(judged, before, mode, key, deadline, refused);
            } catch (AudienceMovedException e) {
                if (deadline.passed()) {
                    throw e;
                }
            }
        }
    }

    private void refuseSoldOut(ClaimOrder order, SortedMap<Integer, Refusal> refused) {
        for (ClaimOrder.Item item : order.items()) {
            if (soldOut.lately(item.template(), item.quantity())) {
                templates
                        .find(item.template())
                        .filter(template -> template.limited() && template.claimableAt(clock.millis()))
                        .ifPresent(template -> refused.putIfAbsent(
                                item.number(), template.soldOut().ofItem(item.number())));
            }
        }
    }

    /** The order with the audiences its user belongs to; items of others are added to {@code refused}. */
    private ClaimOrder judged(ClaimOrder order, TagContext context, SortedMap<Integer, Refusal> refused) {
        List<Template> limited = new ArrayList<>();
        for (ClaimOrder.Item item : order.items()) {
            templates
                    .find(item.template())
                    .filter(template -> template.terms().audience() != null)
                    .ifPresent(limited::add);
        }
        if (limited.isEmpty()) {
            return order;
        }
        Map<TemplateId, Refusal> outside = audiences.outside(order.userId(), limited, context);
        for (ClaimOrder.Item item : order.items()) {
            Refusal refusal = outside.get(item.template());
            if (refusal != null) {
                refused.putIfAbsent(item.number(), refusal.ofItem(item.number()));
            }
        }
        Map<TemplateId, String> admitted = new HashMap<>();
        limited.forEach(template -> admitted.put(
                template.id(), Objects.requireNonNull(template.terms().audience())));
        return new ClaimOrder(order.operation(), order.source(), order.items(), order.via(), admitted);
    }

    private Answer claim(
            ClaimOrder whole,
            Before before,
            Mode mode,
            String key,
            Deadline deadline,
            SortedMap<Integer, Refusal> refused) {
        while (true) {
            ClaimOrder order = whole.without(refused.keySet());
            try {
                return operations.perform(order.operation(), deadline, (store, unit, now) -> {
                    before.run(unit, now);
                    String result = store.claim(
                            unit,
                            order,
                            now,
                            claimed -> ClaimShapes.claim(claimed, whole, refused, key)
                                    .toString());
                    if (mode == Mode.ALL && !refused.isEmpty()) {
                        // The others were only asked whether they would be refused too: nothing of it stays.
                        throw told(whole, refused);
                    }
                    return result;
                });
            } catch (Refusal e) {
                if (e.item().isEmpty() || refused.containsKey(e.item().getAsInt())) {
                    throw e;
                }
                // Whatever the others had got was rolled back; they are asked for again without this one.
                refused.put(e.item().getAsInt(), e);
                if (refused.size() == whole.items().size()) {
                    throw told(whole, refused);
                }
            } catch (StockShortException e) {
                if (deadline.passed()) {
                    throw e;
                }
                // Whatever comes out, the claim is asked again: its twin may have had the last coupon, a switch may
                // have come.
                transfers.replenish(
                        databases.epoch(),
                        e.stock(),
                        users.databaseOf(users.slotOf(order.userId())),
                        e.quantity(),
                        deadline);
            }
        }
    }

    /** What a claim under this key answered, from the truth: how a caller whose connection broke learns what became of it. */
    public Optional<String> find(long userId, String key) {
        return operations.find(userId, VERB + ":" + key, Deadline.after(budget)).map(Recorded::result);
    }
}
