package dev.cutover.sandbox.load;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.sandbox.load.Lost.Kind;
import dev.cutover.sandbox.load.TruthTables.StoredCoupon;
import dev.cutover.sandbox.load.TruthTables.StoredRedemption;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Looks for every acknowledged write again: exactly once, and as it was left. Owned by one thread. */
final class FinalCheck {
    private static final String API = "api";

    private final List<KnownUser> users;
    private final List<Lost> lost = new ArrayList<>();

    FinalCheck(Collection<KnownUser> users) {
        this.users = List.copyOf(users);
    }

    List<Lost> throughApi(CouponApi api) throws InterruptedException {
        lost.clear();
        for (KnownUser user : users) {
            CouponPages pages = CouponPages.of(api, 0, user.id);
            if (!pages.complete()) {
                lost.add(new Lost(
                        Kind.MISSING,
                        Operation.CLAIM,
                        user.id,
                        "all coupons",
                        API,
                        "the list was not answered: " + pages.lastAnswer().text()));
                continue;
            }
            List<StoredCoupon> coupons = new ArrayList<>();
            for (JsonNode coupon : pages.coupons()) {
                coupons.add(new StoredCoupon(
                        coupon.path("id").asText(),
                        user.id,
                        0,
                        coupon.path("status").asText(),
                        API,
                        false));
            }
            coupons(user, coupons, API);
        }
        return List.copyOf(lost);
    }

    List<Lost> in(TruthTables tables) {
        lost.clear();
        List<Long> ids = users.stream().map(user -> user.id).toList();
        List<String> couponIds = users.stream()
                .flatMap(user -> user.coupons.stream())
                .map(coupon -> coupon.id)
                .toList();
        Map<Long, List<StoredCoupon>> couponsOfUser = new HashMap<>();
        Map<String, List<StoredRedemption>> redemptionsOfCoupon = new HashMap<>();
        try {
            tables.coupons(ids)
                    .forEach(coupon -> couponsOfUser
                            .computeIfAbsent(coupon.user(), user -> new ArrayList<>())
                            .add(coupon));
            tables.redemptions(ids, couponIds)
                    .forEach(redemption -> redemptionsOfCoupon
                            .computeIfAbsent(redemption.couponId(), coupon -> new ArrayList<>())
                            .add(redemption));
        } catch (SQLException e) {
            throw new IllegalStateException("Could not read the tables of the truth: " + e.getMessage(), e);
        }
        for (KnownUser user : users) {
            coupons(user, couponsOfUser.getOrDefault(user.id, List.of()), "tables");
            for (KnownCoupon coupon : user.coupons) {
                redemptions(coupon, redemptionsOfCoupon.getOrDefault(coupon.id, List.of()));
            }
        }
        return List.copyOf(lost);
    }

    private void coupons(KnownUser user, List<StoredCoupon> stored, String where) {
        Map<String, List<StoredCoupon>> byId = new HashMap<>();
        stored.forEach(coupon ->
                byId.computeIfAbsent(coupon.id(), id -> new ArrayList<>()).add(coupon));
        Set<String> explained = new HashSet<>();
        for (KnownCoupon coupon : user.coupons) {
            explained.add(coupon.id);
            coupon(coupon, byId.getOrDefault(coupon.id, List.of()), where);
        }
        if (user.own) {
            List<StoredCoupon> others = stored.stream()
                    .filter(coupon -> !explained.contains(coupon.id()))
                    .toList();
            // As many as the unanswered claims may have given are nobody's fault.
            others.stream()
                    .skip(user.unanswered)
                    .forEach(coupon -> lost.add(new Lost(
                            Kind.UNASKED,
                            Operation.CLAIM,
                            user.id,
                            coupon.id(),
                            coupon.where(),
                            "the user holds " + others.size() + " coupons nobody told of; unanswered claims explain "
                                    + user.unanswered)));
        }
    }

    private void coupon(KnownCoupon known, List<StoredCoupon> found, String where) {
        Operation last = known.uses.isEmpty() ? Operation.CLAIM : known.used ? Operation.REDEEM : Operation.REFUND;
        if (found.isEmpty()) {
            add(Kind.MISSING, Operation.CLAIM, known, where, "acknowledged, and not there");
            return;
        }
        StoredCoupon first = found.get(0);
        if (found.size() > 1) {
            add(Kind.TWICE, Operation.CLAIM, known, first.where(), "there " + found.size() + " times: " + found);
        }
        if (found.stream().anyMatch(StoredCoupon::misplaced)) {
            add(Kind.MISPLACED, Operation.CLAIM, known, first.where(), "routing looks for it elsewhere");
        }
        if (!known.uncertain && !first.status().equals(known.status())) {
            add(
                    Kind.WRONG_STATUS,
                    last,
                    known,
                    first.where(),
                    "acknowledged as " + known.status() + ", found as " + first.status());
        }
    }

    private void redemptions(KnownCoupon known, List<StoredRedemption> stored) {
        Set<String> explained = new HashSet<>();
        for (KnownCoupon.Use use : known.uses) {
            explained.add(use.id);
            List<StoredRedemption> found = stored.stream()
                    .filter(redemption -> redemption.id().equals(use.id))
                    .toList();
            if (found.isEmpty()) {
                add(Kind.MISSING, Operation.REDEEM, known, "tables", use.id + " was acknowledged, and is not there");
                continue;
            }
            StoredRedemption first = found.get(0);
            if (found.size() > 1) {
                add(
                        Kind.TWICE,
                        Operation.REDEEM,
                        known,
                        first.where(),
                        use.id + " is there " + found.size() + " times");
            }
            if (found.stream().anyMatch(StoredRedemption::misplaced)) {
                add(
                        Kind.MISPLACED,
                        Operation.REDEEM,
                        known,
                        first.where(),
                        "routing looks for " + use.id + " elsewhere");
            }
            if (!use.orderNo.equals(first.orderNo())) {
                add(
                        Kind.WRONG_STATUS,
                        Operation.REDEEM,
                        known,
                        first.where(),
                        use.id + " belongs to order " + use.orderNo + ", found with " + first.orderNo());
            }
            boolean mayBeRefunded = known.uncertain && use == known.lastUse();
            if (!mayBeRefunded
                    && (first.refunded() != (use.refundNo != null)
                            || !Objects.equals(use.refundNo, first.refundNo()))) {
                add(
                        Kind.WRONG_STATUS,
                        Operation.REFUND,
                        known,
                        first.where(),
                        use.id + " was refunded by " + use.refundNo + ", found as "
                                + (first.refunded() ? "refunded by " + first.refundNo() : "not refunded"));
            }
        }
        if (known.claimed && !known.uncertain) {
            stored.stream()
                    .filter(redemption -> !explained.contains(redemption.id()))
                    .forEach(redemption -> add(
                            Kind.UNASKED,
                            Operation.REDEEM,
                            known,
                            redemption.where(),
                            redemption.id() + " for order " + redemption.orderNo() + " was never acknowledged"));
        }
    }

    private void add(Kind kind, Operation operation, KnownCoupon coupon, String where, String message) {
        lost.add(new Lost(kind, operation, coupon.user, coupon.id, where, message));
    }
}
