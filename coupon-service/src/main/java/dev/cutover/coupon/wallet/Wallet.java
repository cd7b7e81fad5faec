package dev.cutover.coupon.wallet;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.shape.Shapes;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.CouponFilter;
import dev.cutover.coupon.store.CouponRow;
import dev.cutover.coupon.store.CouponStatus;
import dev.cutover.coupon.store.PageRequest;
import dev.cutover.coupon.store.SlotUsers;
import dev.cutover.coupon.token.Tenant;
import dev.cutover.coupon.usercache.UserCoupons;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** What users hold. Safe for many threads. */
public final class Wallet {
    private final CouponDatabases databases;
    private final SlotUsers users;
    private final Optional<UserCoupons> kept;
    private final InstantSource clock;

    /** @param kept where coupons that are not used are shown from, where that is anywhere but MySQL */
    public Wallet(CouponDatabases databases, SlotUsers users, Optional<UserCoupons> kept, InstantSource clock) {
        this.databases = databases;
        this.kept = kept;
        this.users = users;
        this.clock = clock;
    }

    /** A page in ascending order of ids, so that a walk misses none of those that were there; of new ones
     * it may see some and not others, for instances take their ids from blocks of their own. */
    public ObjectNode page(long userId, int limit, Optional<CouponId> after, Optional<CouponStatus> status) {
        return page(userId, limit, after, CouponFilter.of(status), Tenant.ALL);
    }

    /** The same of those templates that the caller may know of. */
    public ObjectNode page(
            long userId, int limit, Optional<CouponId> after, CouponFilter filter, Predicate<TemplateId> visible) {
        long now = clock.millis();
        List<CouponRow> rows = kept(userId, after, filter, now)
                .map(all -> all.stream()
                        .filter(row -> visible.test(row.templateId()))
                        .limit(limit + 1L)
                        .toList())
                .orElseGet(() -> rows(new PageRequest(userId, limit + 1, after, filter, now), visible));
        boolean more = rows.size() > limit;
        List<CouponRow> shown = more ? rows.subList(0, limit) : rows;
        ObjectNode page = JsonNodeFactory.instance.objectNode();
        page.put("object", "list");
        ArrayNode data = page.putArray("data");
        shown.forEach(row -> data.add(Shapes.coupon(row, now)));
        page.put("has_more", more);
        page.put("next_cursor", more ? shown.get(shown.size() - 1).id().toString() : null);
        return page;
    }

    /** Those asked for, in ascending order of ids, where they can be told without MySQL. */
    private Optional<List<CouponRow>> kept(long userId, Optional<CouponId> after, CouponFilter filter, long now) {
        return filter.status()
                .filter(status -> status == CouponStatus.AVAILABLE || status == CouponStatus.HELD)
                .flatMap(status -> kept.flatMap(coupons -> coupons.unused(userId))
                        .map(all -> all.stream()
                                .filter(row -> row.statusAt(now) == status && filter.takes(row))
                                .filter(row -> after.isEmpty()
                                        || row.id().number() > after.get().number())
                                .sorted(Comparator.comparingLong(row -> row.id().number()))
                                .toList()));
    }

    private List<CouponRow> rows(PageRequest asked, Predicate<TemplateId> visible) {
        List<CouponRow> rows = new ArrayList<>();
        Optional<CouponId> from = asked.after();
        int limit = asked.limit() - 1;
        while (true) {
            // One more than asked tells whether there are more.
            PageRequest request = new PageRequest(asked.userId(), asked.limit(), from, asked.filter(), asked.now());
            List<CouponRow> read = databases.read(asked.userId(), (store, view) -> store.page(view, request));
            read.stream().filter(row -> visible.test(row.templateId())).forEach(rows::add);
            if (rows.size() > limit || read.size() <= limit) {
                break;
            }
            from = Optional.of(read.get(limit).id());
        }
        return rows;
    }

    /** Whether an id could be one of this user's coupons; of another slot it cannot, and pages of the two sides would differ. */
    public boolean mayHold(long userId, CouponId id) {
        return users.slotOf(userId) == id.slot();
    }

    public ObjectNode coupon(CouponId id) {
        return find(id).map(row -> Shapes.coupon(row, clock.millis()))
                .orElseThrow(() -> new Refusal(Reason.COUPON_NOT_FOUND, "id", "There is no coupon " + id + "."));
    }

    /** Those of these coupons that are there and that the caller may know of, each once, in the order of {@code ids}; one read a slot. */
    public ObjectNode coupons(List<CouponId> ids, Predicate<TemplateId> visible) {
        long now = clock.millis();
        Map<Integer, List<CouponId>> bySlot = ids.stream()
                .distinct()
                .filter(id -> users.knows(id.slot()))
                .collect(Collectors.groupingBy(CouponId::slot));
        Map<CouponId, CouponRow> found = new HashMap<>();
        bySlot.forEach((slot, asked) -> databases
                .read(users.ofSlot(slot), (store, view) -> {
                    List<CouponRow> rows = new ArrayList<>();
                    for (CouponId id : asked) {
                        store.coupon(view, id).ifPresent(rows::add);
                    }
                    return rows;
                })
                .stream()
                .filter(row -> users.slotOf(row.userId()) == slot && visible.test(row.templateId()))
                .forEach(row -> found.put(row.id(), row)));
        ObjectNode list = JsonNodeFactory.instance.objectNode();
        list.put("object", "list");
        ArrayNode data = list.putArray("data");
        ids.stream()
                .distinct()
                .map(found::get)
                .filter(Objects::nonNull)
                .forEach(row -> data.add(Shapes.coupon(row, now)));
        return list;
    }

    private Optional<CouponRow> find(CouponId id) {
        if (!users.knows(id.slot())) {
            return Optional.empty();
        }
        // The mall finds a coupon by its sequence alone: an id with another slot is not this coupon's id.
        return databases
                .read(users.ofSlot(id.slot()), (store, view) -> store.coupon(view, id))
                .filter(row -> users.slotOf(row.userId()) == id.slot());
    }
}
