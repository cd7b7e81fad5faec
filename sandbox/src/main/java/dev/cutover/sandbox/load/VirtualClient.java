package dev.cutover.sandbox.load;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/** Does one thing after the other for users of its own, and knows what each must hold. Owned by one thread until it has ended. */
final class VirtualClient {
    private static final double NANOS_A_SECOND = 1e9;
    private static final long LONGEST_ARREARS = Duration.ofSeconds(1).toNanos();
    private static final int CLAIMS_TO_REPLAY = 200;
    // Above every threshold, with a product on no list: what is asked for must not be refused.
    private static final String ORDER =
            "\"order\":{\"lines\":[{\"goods_sn\":\"SN-9999\",\"amount_minor\":2000000000,\"freight_minor\":10000000}]}";

    private record Claim(String body, String key, List<String> ids, long user) {}

    private final int number;
    private final String run;
    private final CouponLoad.Options options;
    private final CouponApi api;
    private final Pace pace;
    private final WriteLog log;
    private final Tally tally;
    private final Set<String> idsGiven;
    private final SplittableRandom random;
    private final List<Long> ownUsers = new ArrayList<>();
    private final List<Long> spenders = new ArrayList<>();
    private final Map<Long, KnownUser> known = new LinkedHashMap<>();
    private final List<KnownCoupon> available = new ArrayList<>();
    private final List<KnownCoupon> used = new ArrayList<>();
    private final List<Claim> claims = new ArrayList<>();
    private int requests;

    VirtualClient(
            int number,
            String run,
            CouponLoad.Options options,
            CouponApi api,
            Pace pace,
            WriteLog log,
            Tally tally,
            Set<String> idsGiven) {
        this.number = number;
        this.run = run;
        this.options = options;
        this.api = api;
        this.pace = pace;
        this.log = log;
        this.tally = tally;
        this.idsGiven = idsGiven;
        this.random = new SplittableRandom(options.seed() * 1_000_003 + number);
        for (int user = number; user < options.users(); user += options.clients()) {
            ownUsers.add(options.firstUser() + user);
        }
        for (int user = number; user < options.spenders().size(); user += options.clients()) {
            spenders.add((long) options.spenders().get(user));
        }
    }

    /** After the client has ended. */
    Collection<KnownUser> users() {
        return known.values();
    }

    void run() {
        double rate = (options.writesPerSecond() + options.readsPerSecond()) / options.clients();
        double interval = NANOS_A_SECOND / rate;
        double writes = options.writesPerSecond() / (options.writesPerSecond() + options.readsPerSecond());
        long due = System.nanoTime() + (long) (random.nextDouble() * interval);
        try {
            while (pace.until(due)) {
                if (random.nextDouble() < writes) {
                    write();
                } else {
                    read();
                }
                due += (long) (-Math.log(1 - random.nextDouble()) * interval);
                // Who was held up catches up, but not without end: that would be another load than was asked for.
                due = Math.max(due, System.nanoTime() - LONGEST_ARREARS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void write() throws InterruptedException {
        int choice = random.nextInt(100);
        if (choice >= 50 && choice < 78 && !available.isEmpty()) {
            redeem(take(available));
        } else if (choice >= 78 && choice < 92 && !used.isEmpty()) {
            refund(take(used));
        } else if (choice >= 92 && choice < 96 && !used.isEmpty()) {
            redeemAgain(used.get(random.nextInt(used.size())));
        } else if (choice >= 96 && !claims.isEmpty()) {
            replay(claims.get(random.nextInt(claims.size())));
        } else {
            claim();
        }
    }

    private void claim() throws InterruptedException {
        boolean hot = options.hotTemplate() != 0 && random.nextInt(20) == 0;
        int template = hot
                ? options.hotTemplate()
                : options.claimable().get(random.nextInt(options.claimable().size()));
        int quantity = !hot && random.nextInt(10) == 0 ? 2 : 1;
        KnownUser user = user();
        String key = key();
        String body = "{\"user_id\":" + user.id + ",\"items\":[{\"template_id\":\"tpl_" + template + "\",\"quantity\":"
                + quantity + "}]}";
        long began = log.begin(number);
        Answer answer = api.post(number, "/v1/claims", body, key);
        if (!answer.done()) {
            log.end(number, began);
            if (hot && answer.refusedWith("sold_out")) {
                tally.refusals.increment();
                tally.hotSoldOut.increment();
            } else {
                user.unanswered += quantity;
                failed("claim of tpl_" + template + " for user " + user.id + ", key " + key, answer);
            }
            return;
        }
        List<String> ids = ids(answer.body().path("coupons"), template);
        if (ids.size() != quantity || !ids.stream().allMatch(idsGiven::add)) {
            log.end(number, began);
            user.unanswered += quantity;
            failed("claim of " + quantity + " x tpl_" + template + " for user " + user.id + ", key " + key, answer);
            return;
        }
        log.acknowledge(number, began, Operation.CLAIM, user.id, ids);
        for (String id : ids) {
            know(user, new KnownCoupon(user.id, id, template, true));
        }
        if (hot) {
            tally.hotIssued.add(quantity);
        }
        Claim claim = new Claim(body, key, ids, user.id);
        if (claims.size() < CLAIMS_TO_REPLAY) {
            claims.add(claim);
        } else if (random.nextInt(4) == 0) {
            // Some stay for long: a key of before the switch must mean the same behind it.
            claims.set(random.nextInt(CLAIMS_TO_REPLAY), claim);
        }
    }

    private void redeem(KnownCoupon coupon) throws InterruptedException {
        String orderNo = "L" + key();
        long began = log.begin(number);
        Answer answer = api.post(number, "/v1/redemptions", redemption(coupon, orderNo), key());
        JsonNode redemption = answer.body().path("redemptions").path(0);
        String id = redemption.path("id").asText("");
        if (answer.done()
                && id.startsWith("rdm_")
                && redemption.path("coupon_id").asText().equals(coupon.id)) {
            log.acknowledge(number, began, Operation.REDEEM, coupon.user, List.of(id));
            coupon.used = true;
            coupon.uses.add(new KnownCoupon.Use(id, orderNo));
            used.add(coupon);
        } else {
            log.end(number, began);
            coupon.uncertain = answer.kind() != Answer.Kind.REFUSED;
            failed("redemption of " + coupon.id + " by user " + coupon.user, answer);
        }
    }

    private void refund(KnownCoupon coupon) throws InterruptedException {
        KnownCoupon.Use use = coupon.lastUse();
        String refundNo = "R" + key();
        long began = log.begin(number);
        Answer answer = api.post(
                number,
                "/v1/redemptions/" + use.id + "/refunds",
                "{\"user_id\":" + coupon.user + ",\"refund_no\":\"" + refundNo + "\"}",
                key());
        if (answer.done()) {
            log.acknowledge(number, began, Operation.REFUND, coupon.user, List.of(use.id));
            use.refundNo = refundNo;
            coupon.used = false;
            available.add(coupon);
        } else {
            log.end(number, began);
            coupon.uncertain = answer.kind() != Answer.Kind.REFUSED;
            failed("refund of " + use.id + " by user " + coupon.user, answer);
        }
    }

    /** Must be refused: the coupon went to another order. */
    private void redeemAgain(KnownCoupon coupon) throws InterruptedException {
        long began = log.begin(number);
        Answer answer = api.post(number, "/v1/redemptions", redemption(coupon, "L" + key()), key());
        log.end(number, began);
        if (answer.refusedWith("coupon_already_used")) {
            tally.refusals.increment();
        } else {
            used.remove(coupon);
            coupon.uncertain = answer.kind() != Answer.Kind.REFUSED;
            failed("second redemption of " + coupon.id + " by user " + coupon.user + ", which is used", answer);
        }
    }

    private void replay(Claim claim) throws InterruptedException {
        long began = log.begin(number);
        Answer answer = api.post(number, "/v1/claims", claim.body, claim.key);
        List<String> ids = new ArrayList<>();
        answer.body()
                .path("coupons")
                .forEach(coupon -> ids.add(coupon.path("id").asText()));
        if (answer.done() && ids.equals(claim.ids)) {
            log.acknowledge(number, began, Operation.REPLAY, claim.user, ids);
        } else {
            log.end(number, began);
            claims.remove(claim);
            failed("repeated claim of key " + claim.key + ", first answered with " + claim.ids, answer);
        }
    }

    private void read() throws InterruptedException {
        int choice = random.nextInt(10);
        if (choice < 4 || known.isEmpty()) {
            int template =
                    options.claimable().get(random.nextInt(options.claimable().size()));
            Answer answer = api.get(number, "/v1/templates/tpl_" + template);
            if (answer.done() && answer.body().path("id").asText().equals("tpl_" + template)) {
                tally.reads.increment();
            } else {
                failed("read of tpl_" + template, answer);
            }
            return;
        }
        KnownUser user = user();
        Answer answer = api.get(number, "/v1/users/" + user.id + "/coupons?limit=" + CouponPages.LIMIT);
        if (!answer.done() || !answer.body().path("data").isArray()) {
            failed("list of the coupons of user " + user.id, answer);
            return;
        }
        tally.reads.increment();
        if (!answer.body().path("has_more").asBoolean() && trails(user, CouponPages.statuses(answer.body()))) {
            tally.staleReads.increment();
        }
    }

    private static boolean trails(KnownUser user, Map<String, String> shown) {
        return user.coupons.stream()
                .anyMatch(coupon -> !coupon.uncertain && !coupon.status().equals(shown.get(coupon.id)));
    }

    private KnownUser user() throws InterruptedException {
        if (!spenders.isEmpty() && random.nextInt(5) == 0) {
            long id = spenders.get(random.nextInt(spenders.size()));
            KnownUser spender = known.get(id);
            return spender == null ? adopt(id) : spender;
        }
        return known.computeIfAbsent(ownUsers.get(random.nextInt(ownUsers.size())), user -> new KnownUser(user, true));
    }

    /** Takes over the usable coupons of a user who held some before. */
    private KnownUser adopt(long id) throws InterruptedException {
        KnownUser user = new KnownUser(id, false);
        known.put(id, user);
        CouponPages pages = CouponPages.of(api, number, id);
        if (!pages.complete()) {
            failed("list of the coupons of user " + id, pages.lastAnswer());
        }
        // Of a user who holds thousands, some will do.
        pages.coupons().stream().filter(this::spendable).limit(50).forEach(coupon -> {
            String couponId = coupon.path("id").asText();
            know(user, new KnownCoupon(id, couponId, template(coupon), false));
        });
        return user;
    }

    private boolean spendable(JsonNode coupon) {
        return coupon.path("status").asText().equals("AVAILABLE")
                && options.claimable().contains(template(coupon))
                && isBefore(coupon.path("valid_from"), Instant.now())
                && !isBefore(coupon.path("valid_to"), Instant.now().plus(Duration.ofHours(6)));
    }

    private static boolean isBefore(JsonNode time, Instant moment) {
        return time.isTextual() && Instant.parse(time.asText()).isBefore(moment);
    }

    private static int template(JsonNode coupon) {
        String id = coupon.path("template_id").asText("");
        return id.matches("tpl_\\d{1,9}") ? Integer.parseInt(id.substring(4)) : 0;
    }

    private void know(KnownUser user, KnownCoupon coupon) {
        user.coupons.add(coupon);
        available.add(coupon);
    }

    /** The ids of new coupons; fewer than there are, when one is not what was asked for. */
    private static List<String> ids(JsonNode coupons, int template) {
        List<String> ids = new ArrayList<>();
        for (JsonNode coupon : coupons) {
            if (template(coupon) == template
                    && coupon.path("status").asText().equals("AVAILABLE")
                    && coupon.path("id").asText().matches("cpn_\\d+")) {
                ids.add(coupon.path("id").asText());
            }
        }
        return ids;
    }

    private static String redemption(KnownCoupon coupon, String orderNo) {
        return "{\"user_id\":" + coupon.user + ",\"order_no\":\"" + orderNo + "\",\"coupon_ids\":[\"" + coupon.id
                + "\"]," + ORDER + "}";
    }

    private KnownCoupon take(List<KnownCoupon> coupons) {
        int place = random.nextInt(coupons.size());
        KnownCoupon last = coupons.remove(coupons.size() - 1);
        return place == coupons.size() ? last : coupons.set(place, last);
    }

    private String key() {
        return run + "-" + number + "-" + ++requests;
    }

    private void failed(String what, Answer answer) {
        if (answer.kind() == Answer.Kind.NONE) {
            tally.unresolved.increment();
        }
        tally.failure(Instant.now() + " " + what + ": " + answer.text());
    }
}
