package dev.cutover.business.campaign;

import dev.cutover.business.campaign.Conversion.State;
import dev.cutover.business.core.CoreRefusedException;
import dev.cutover.business.core.CoreUnavailableException;
import dev.cutover.business.core.CouponCore;
import dev.cutover.business.grant.Grant;
import dev.cutover.business.grant.GrantOwner;
import dev.cutover.business.grant.Grants;
import dev.cutover.business.refusal.ModuleRefusal;
import dev.cutover.business.refusal.ModuleRefusal.Reason;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Campaigns of advertisers from outside: whom they won is given a coupon, and they pay for those that are used.
 *
 * <p>Invariant: reserved and charged are the prices of the conversions in those states, and together never more than the budget: the price
 * is reserved by a conditional update in the transaction of the conversion, and moves with its state. Safe for many threads and processes.
 */
public final class Campaigns implements GrantOwner {
    private static final Logger LOG = LoggerFactory.getLogger(Campaigns.class);
    private static final String MODULE = "campaign";
    private static final Duration HEARD = Duration.ofDays(30);
    private static final int A_TURN = 100;
    private static final int SECRET_BYTES = 24;

    private final Jdbi database;
    private final Grants grants;
    private final CouponCore core;
    private final InstantSource clock;
    private final SecureRandom random;
    private final Duration unheard;

    /** @param unheard how long nothing may be heard of a coupon before the coupon service is asked */
    public Campaigns(
            Jdbi database, Grants grants, CouponCore core, InstantSource clock, SecureRandom random, Duration unheard) {
        this.database = database;
        this.grants = grants;
        this.core = core;
        this.clock = clock;
        this.random = random;
        this.unheard = unheard;
        grants.register(this);
    }

    @Override
    public String module() {
        return MODULE;
    }

    /** A new campaign, and what its advertiser calls with, told once. */
    public record Created(Campaign campaign, String secret) {}

    public Created create(String advertiser, String name, String templateId, long priceMinor, long budgetMinor) {
        if (priceMinor < 1 || budgetMinor < priceMinor) {
            throw new ModuleRefusal(
                    Reason.PARAMETER_INVALID,
                    "A campaign has a price above nothing and a budget for one coupon at least.");
        }
        byte[] bytes = new byte[SECRET_BYTES];
        random.nextBytes(bytes);
        String secret = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        long id = database.withHandle(handle -> handle.createUpdate(
                        "INSERT INTO campaign (advertiser, name, template_id, price_minor, budget_minor, secret_hash, created_at)"
                                + " VALUES (:advertiser, :name, :template, :price, :budget, :hash, :now)")
                .bind("advertiser", advertiser)
                .bind("name", name)
                .bind("template", templateId)
                .bind("price", priceMinor)
                .bind("budget", budgetMinor)
                .bind("hash", hash(secret))
                .bind("now", clock.millis())
                .executeAndReturnGeneratedKeys("campaign_id")
                .mapTo(Long.class)
                .one());
        return new Created(require(id), secret);
    }

    public Campaign require(long id) {
        return database.withHandle(handle -> handle.createQuery("SELECT * FROM campaign WHERE campaign_id = :id")
                        .bind("id", id)
                        .map((row, context) -> campaign(row))
                        .findOne())
                .orElseThrow(() -> new ModuleRefusal(Reason.NOT_FOUND, "There is no campaign " + id + "."));
    }

    private static Campaign campaign(ResultSet row) throws SQLException {
        return new Campaign(
                row.getLong("campaign_id"),
                row.getString("advertiser"),
                row.getString("name"),
                row.getString("template_id"),
                row.getLong("price_minor"),
                row.getLong("budget_minor"),
                row.getLong("reserved_minor"),
                row.getLong("charged_minor"),
                row.getObject("ended_at") != null);
    }

    /** Gives no more coupons; those that are out may be used, and are charged. */
    public Campaign end(long id) {
        var unused = require(id);
        database.useHandle(handle -> handle.createUpdate(
                        "UPDATE campaign SET ended_at = COALESCE(ended_at, :now) WHERE campaign_id = :id")
                .bind("now", clock.millis())
                .bind("id", id)
                .execute());
        return require(id);
    }

    /** Refuses whoever is not the advertiser of this campaign. */
    public void requireAdvertiser(long id, String secret) {
        Optional<String> expected = database.withHandle(
                handle -> handle.createQuery("SELECT secret_hash FROM campaign WHERE campaign_id = :id")
                        .bind("id", id)
                        .mapTo(String.class)
                        .findOne());
        if (expected.isEmpty()
                || !MessageDigest.isEqual(
                        expected.get().getBytes(StandardCharsets.US_ASCII),
                        hash(secret).getBytes(StandardCharsets.US_ASCII))) {
            throw new ModuleRefusal(Reason.TOKEN_INVALID, "This is not the secret of campaign " + id + ".");
        }
    }

    /** A user the advertiser has won; the same again for the same number. */
    public Conversion convert(long campaign, String number, long userId) {
        Campaign there = require(campaign);
        boolean fresh = database.inTransaction(transaction -> {
            int inserted = transaction
                    .createUpdate(
                            "INSERT IGNORE INTO conversion (campaign_id, conversion_no, user_id, state, checked_at, created_at)"
                                    + " VALUES (:campaign, :no, :user, 0, :now, :now)")
                    .bind("campaign", campaign)
                    .bind("no", number)
                    .bind("user", userId)
                    .bind("now", clock.millis())
                    .execute();
            if (inserted == 0) {
                return false;
            }
            reserve(transaction, there);
            grants.decide(
                    transaction,
                    Grant.of(key(campaign, number), MODULE, userId, there.templateId(), MODULE, there.advertiser()));
            return true;
        });
        Conversion now = require(campaign, number);
        if (!fresh && now.userId() != userId) {
            throw new ModuleRefusal(Reason.NUMBER_REUSED, "Conversion " + number + " is of another user.");
        }
        if (now.state() == State.RESERVED) {
            grants.attempt(key(campaign, number));
        }
        return require(campaign, number);
    }

    private static void reserve(Handle transaction, Campaign campaign) {
        int reserved = transaction
                .createUpdate("UPDATE campaign SET reserved_minor = reserved_minor + price_minor"
                        + " WHERE campaign_id = :id AND ended_at IS NULL"
                        + " AND reserved_minor + charged_minor + price_minor <= budget_minor")
                .bind("id", campaign.id())
                .execute();
        if (reserved == 0) {
            boolean ended = transaction
                    .createQuery("SELECT ended_at IS NOT NULL FROM campaign WHERE campaign_id = :id")
                    .bind("id", campaign.id())
                    .mapTo(Boolean.class)
                    .one();
            throw ended
                    ? new ModuleRefusal(Reason.CAMPAIGN_ENDED, "Campaign " + campaign.id() + " has ended.")
                    : new ModuleRefusal(
                            Reason.BUDGET_EXHAUSTED, "The budget of campaign " + campaign.id() + " is spoken for.");
        }
    }

    public Conversion require(long campaign, String number) {
        return database.withHandle(handle -> handle.createQuery(
                                "SELECT * FROM conversion WHERE campaign_id = :campaign AND conversion_no = :no")
                        .bind("campaign", campaign)
                        .bind("no", number)
                        .map((row, context) -> conversion(row))
                        .findOne())
                .orElseThrow(() -> new ModuleRefusal(
                        Reason.NOT_FOUND, "Campaign " + campaign + " has no conversion '" + number + "'."));
    }

    private static Conversion conversion(ResultSet row) throws SQLException {
        return new Conversion(
                row.getLong("campaign_id"),
                row.getString("conversion_no"),
                row.getLong("user_id"),
                State.values()[row.getInt("state")],
                row.getString("coupon_id"),
                row.getString("refusal"));
    }

    /**
     * Hears of a coupon. Throws {@link ModuleRefusal} for one that may be of a grant whose outcome is not known yet: it has to be told again.
     */
    public void hear(CouponEvent event) {
        if (!ours(event.couponId())) {
            List<String> waiting = grants.waiting(event.userId(), event.templateId());
            waiting.forEach(grants::attempt);
            if (!ours(event.couponId())) {
                if (!grants.waiting(event.userId(), event.templateId()).isEmpty()) {
                    throw new ModuleRefusal(
                            Reason.OUTCOME_PENDING, "A coupon of this user is on its way; tell it again later.");
                }
                return;
            }
        }
        database.useTransaction(transaction -> {
            int first = transaction
                    .createUpdate("INSERT IGNORE INTO heard_event (event_id, heard_at) VALUES (:id, :now)")
                    .bind("id", event.id())
                    .bind("now", clock.millis())
                    .execute();
            if (first == 1) {
                move(transaction, event);
            }
        });
    }

    private boolean ours(String couponId) {
        return database.withHandle(handle -> handle.createQuery("SELECT 1 FROM conversion WHERE coupon_id = :coupon")
                .bind("coupon", couponId)
                .mapTo(Integer.class)
                .findOne()
                .isPresent());
    }

    private void move(Handle transaction, CouponEvent event) {
        switch (event.type()) {
            case "coupon.redeemed" -> charge(transaction, event.couponId());
            case "coupon.refunded" ->
                move(transaction, event.couponId(), List.of(State.CHARGED), State.TAKEN_BACK, 1, -1);
            case "coupon.restored" -> move(transaction, event.couponId(), List.of(State.TAKEN_BACK), State.GIVEN, 0, 0);
            case "coupon.expired", "coupon.voided" -> close(transaction, event.couponId());
            default -> LOG.debug("{} of {} moves no money", event.type(), event.couponId());
        }
    }

    private void charge(Handle transaction, String coupon) {
        move(transaction, coupon, List.of(State.GIVEN, State.TAKEN_BACK), State.CHARGED, -1, 1);
    }

    private void close(Handle transaction, String coupon) {
        move(transaction, coupon, List.of(State.GIVEN, State.TAKEN_BACK), State.CLOSED, -1, 0);
    }

    /** Moves a conversion and its price, if it is in one of those states. */
    private void move(Handle transaction, String coupon, List<State> from, State to, int reserved, int charged) {
        int moved = transaction
                .createUpdate(
                        "UPDATE conversion SET state = :to, checked_at = :now WHERE coupon_id = :coupon AND state IN (<from>)")
                .bindList("from", from.stream().map(State::ordinal).toList())
                .bind("to", to.ordinal())
                .bind("now", clock.millis())
                .bind("coupon", coupon)
                .execute();
        if (moved == 1 && (reserved != 0 || charged != 0)) {
            var unused = transaction
                    .createUpdate(
                            "UPDATE campaign c JOIN conversion v USING (campaign_id)"
                                    + " SET c.reserved_minor = c.reserved_minor + :reserved * c.price_minor,"
                                    + " c.charged_minor = c.charged_minor + :charged * c.price_minor WHERE v.coupon_id = :coupon")
                    .bind("reserved", reserved)
                    .bind("charged", charged)
                    .bind("coupon", coupon)
                    .execute();
        }
    }

    /** Asks what became of coupons that nothing was heard of for long; never throws, for a scheduled task that throws is not run again. */
    public void tick() {
        try {
            long now = clock.millis();
            List<Conversion> silent = database.withHandle(handle -> handle.createQuery(
                            "SELECT * FROM conversion WHERE state IN (1, 5) AND checked_at < :before ORDER BY checked_at LIMIT "
                                    + A_TURN)
                    .bind("before", now - unheard.toMillis())
                    .map((row, context) -> conversion(row))
                    .list());
            Map<String, CouponCore.Fate> fates = silent.isEmpty()
                    ? Map.of()
                    : core.fates(silent.stream()
                            .map(one -> String.valueOf(one.couponId()))
                            .toList());
            for (Conversion one : silent) {
                learn(one, Optional.ofNullable(fates.get(String.valueOf(one.couponId()))));
            }
            database.useHandle(
                    handle -> handle.createUpdate("DELETE FROM heard_event WHERE heard_at < :before LIMIT 1000")
                            .bind("before", now - HEARD.toMillis())
                            .execute());
        } catch (CoreRefusedException | CoreUnavailableException | RuntimeException e) {
            LOG.warn("What became of coupons could not be asked, trying again: {}", e.toString());
        }
    }

    private void learn(Conversion one, Optional<CouponCore.Fate> fate) {
        String coupon = String.valueOf(one.couponId());
        database.useTransaction(transaction -> {
            int unchanged = transaction
                    .createUpdate(
                            "UPDATE conversion SET checked_at = :now WHERE coupon_id = :coupon AND state = :state")
                    .bind("now", clock.millis())
                    .bind("coupon", coupon)
                    .bind("state", one.state().ordinal())
                    .execute();
            if (unchanged == 0 || fate.isEmpty()) {
                return;
            }
            boolean takenBack = one.state() == State.TAKEN_BACK;
            switch (fate.get()) {
                case OVER -> close(transaction, coupon);
                case USED -> {
                    // A use that was taken back and left the coupon used costs nothing.
                    if (takenBack) {
                        close(transaction, coupon);
                    } else {
                        charge(transaction, coupon);
                    }
                }
                case OPEN -> move(transaction, coupon, List.of(State.TAKEN_BACK), State.GIVEN, 0, 0);
            }
        });
    }

    private static String key(long campaign, String number) {
        return MODULE + "-" + campaign + "-" + number;
    }

    private static String hash(String secret) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JVM has SHA-256.", e);
        }
    }

    @Override
    public void given(Handle transaction, Grant grant, String couponId) {
        settle(transaction, grant, "state = 1, coupon_id = :said", couponId);
    }

    @Override
    public void refused(Handle transaction, Grant grant, String code) {
        if (settle(transaction, grant, "state = 2, refusal = :said", code)) {
            var unused = transaction
                    .createUpdate(
                            "UPDATE campaign SET reserved_minor = reserved_minor - price_minor WHERE campaign_id = :id")
                    .bind("id", campaignOf(grant))
                    .execute();
        }
    }

    private boolean settle(Handle transaction, Grant grant, String outcome, String said) {
        return transaction
                        .createUpdate(
                                "UPDATE conversion SET " + outcome
                                        + ", checked_at = :now WHERE campaign_id = :campaign AND conversion_no = :no AND state = 0")
                        .bind("said", said)
                        .bind("now", clock.millis())
                        .bind("campaign", campaignOf(grant))
                        .bind("no", numberOf(grant))
                        .execute()
                == 1;
    }

    private static long campaignOf(Grant grant) {
        return Long.parseLong(grant.key().split("-", 3)[1]);
    }

    private static String numberOf(Grant grant) {
        return grant.key().split("-", 3)[2];
    }
}
