package dev.cutover.chaos.checker;

import dev.cutover.chaos.checker.FinalDatabase.Coupon;
import dev.cutover.chaos.checker.FinalDatabase.Operation;
import dev.cutover.chaos.checker.FinalDatabase.Redemption;
import dev.cutover.chaos.history.Request;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** I7: the books of the bank agree with each other and with the ledger. Owned by one thread. */
final class BankExamination {
    /** What the ledger says of a coupon. */
    private static final class Account {
        private int claims;
        private int redeems;
        private int releases;
    }

    private final RunStory story;
    private final SideState truth;
    private final Findings findings;
    private final Map<Long, Account> accounts = new HashMap<>();

    BankExamination(RunStory story, SideState truth, Findings findings) {
        this.story = story;
        this.truth = truth;
        this.findings = findings;
    }

    void examine() {
        for (Coupon twice : truth.doubleCoupons()) {
            findings.add(
                    "I7",
                    "no coupon is there twice",
                    () -> twice + " and " + truth.coupons().get(twice.id()));
        }
        for (String twice : truth.doubles()) {
            findings.add("I7", "no row of a key is there twice", () -> twice);
        }
        fold();
        stock();
        coupons();
        redemptions();
    }

    private void fold() {
        for (Operation row : truth.operations().values()) {
            if (row.kind().equals("append")) {
                continue;
            }
            Account account = accounts.computeIfAbsent(row.result(), any -> new Account());
            switch (row.kind()) {
                case "claim" -> account.claims++;
                case "redeem" -> account.redeems++;
                case "release" -> account.releases++;
                default -> findings.add("I7", "the ledger knows four kinds", () -> "" + row);
            }
            @Nullable Coupon coupon = truth.coupons().get(row.result());
            if (coupon == null || coupon.user() != row.user()) {
                findings.add(
                        "I7",
                        "every operation in the ledger has its coupon",
                        () -> row + (coupon == null ? " has none" : " has " + coupon));
            }
        }
    }

    private void stock() {
        Map<Integer, Long> issued = new HashMap<>();
        truth.coupons().values().forEach(coupon -> issued.merge(coupon.template(), 1L, Long::sum));
        truth.totals().forEach((template, total) -> {
            long given = issued.getOrDefault(template, 0L);
            long left = truth.left(template);
            if (total >= 0 && (given + left != total || left < 0)) {
                findings.add(
                        "I7",
                        "issued and left make the total",
                        () -> "template " + template + ": " + given + " issued + " + left + " left on " + truth.side()
                                + ", the total is " + total);
            }
        });
    }

    private void coupons() {
        Map<Integer, Integer> births = new HashMap<>();
        accounts.forEach((id, account) -> {
            Coupon coupon = truth.coupons().get(id);
            if (coupon != null) {
                births.merge(coupon.version() - account.redeems - account.releases, 1, Integer::sum);
            }
        });
        // The version a coupon is born with is the application's own: that of most.
        int born = births.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElse(0);
        for (Coupon coupon : truth.coupons().values()) {
            Account account = accounts.getOrDefault(coupon.id(), new Account());
            int redeemed = account.redeems - account.releases;
            boolean agrees = account.claims == 1
                    && (redeemed == 0 || redeemed == 1)
                    && coupon.status() == (redeemed == 1 ? Continuity.REDEEMED : Continuity.ISSUED)
                    && coupon.version() == born + account.redeems + account.releases;
            if (!agrees) {
                findings.add(
                        "I7",
                        "a coupon is what its operations made of it",
                        () -> coupon + ", the ledger has "
                                + account.claims + " claims, " + account.redeems + " redeems and " + account.releases
                                + " releases of it");
            }
        }
    }

    private void redemptions() {
        Map<Long, Redemption> byCoupon = new HashMap<>();
        Map<String, Redemption> byOrder = new HashMap<>();
        for (Redemption redemption : truth.redemptions().values()) {
            Redemption other = byCoupon.put(redemption.coupon(), redemption);
            if (other != null) {
                findings.add("I7", "a coupon is redeemed for one order", () -> redemption + " and " + other);
            }
            Redemption sameOrder = byOrder.put(redemption.order(), redemption);
            if (sameOrder != null) {
                findings.add("I7", "an order has one redemption", () -> redemption + " and " + sameOrder);
            }
            Coupon coupon = truth.coupons().get(redemption.coupon());
            if (coupon == null || coupon.status() != Continuity.REDEEMED || coupon.user() != redemption.user()) {
                findings.add(
                        "I7",
                        "a redemption has its redeemed coupon",
                        () -> redemption + " has " + (coupon == null ? "no coupon" : coupon));
            }
            Operations.Operation by = story.operations().find(redemption.lastOp());
            if (by == null
                    || !(by.request instanceof Request.Redeem asked)
                    || asked.coupon() != redemption.coupon()
                    || !asked.order().equals(redemption.order())) {
                findings.add(
                        "I7",
                        "a redemption is what was asked for",
                        () -> redemption + " was written by "
                                + (by == null ? "an operation that is not in the history" : by.toString()));
            }
        }
        for (Coupon coupon : truth.coupons().values()) {
            if (coupon.status() == Continuity.REDEEMED && !byCoupon.containsKey(coupon.id())) {
                findings.add("I7", "a redeemed coupon has its redemption", () -> coupon + " has none");
            }
        }
    }
}
