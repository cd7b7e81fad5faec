package dev.cutover.business.grant;

import dev.cutover.business.core.CoreRefusedException;
import dev.cutover.business.core.CoreUnavailableException;
import dev.cutover.business.core.CouponCore;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives what modules have decided to give.
 *
 * <p>Idea: the decision and the grant are one transaction; the claim at the coupon service has the grant's key, so whoever dies wherever
 * leaves a grant that is tried again and comes to the same coupon; the outcome and what the module makes of it are one transaction.
 * Safe for many threads and processes.
 */
public final class Grants {
    private static final Logger LOG = LoggerFactory.getLogger(Grants.class);
    private static final int A_TURN = 100;
    private static final long FIRST_WAIT = 1_000;
    private static final long LONGEST_WAIT = 60_000;
    // Whoever decided it tries it himself at once; when he dies another comes by.
    private static final long HEAD_START = 3_000;
    // Longer than an attempt takes: until then it is left to whoever is at it.
    private static final long LEASE = 10_000;

    private final Jdbi database;
    private final CouponCore core;
    private final InstantSource clock;
    private final MeterRegistry meters;
    private final Map<String, GrantOwner> owners = new ConcurrentHashMap<>();

    public Grants(Jdbi database, CouponCore core, InstantSource clock, MeterRegistry meters) {
        this.database = database;
        this.core = core;
        this.clock = clock;
        this.meters = meters;
    }

    /** Before any of its grants is tried. */
    public void register(GrantOwner owner) {
        owners.put(owner.module(), owner);
    }

    /** Writes down that it is to be given, in the transaction of whoever decided so. */
    public void decide(Handle transaction, Grant grant) {
        long now = clock.millis();
        var unused = transaction
                .createUpdate(
                        "INSERT INTO coupon_grant (grant_key, module, user_id, template_id, channel, partner_id, next_at,"
                                + " created_at) VALUES (:key, :module, :user, :template, :channel, :partner, :next, :now)")
                .bind("key", grant.key())
                .bind("module", grant.module())
                .bind("user", grant.userId())
                .bind("template", grant.templateId())
                .bind("channel", grant.channel())
                .bind("partner", grant.partner())
                .bind("next", now + HEAD_START)
                .bind("now", now)
                .execute();
    }

    /** Tries it now, unless somebody is at it; what comes of it is in the tables. */
    public void attempt(String key) {
        find(key).filter(grant -> grant.state() == Grant.State.WAITING).ifPresent(grant -> {
            if (taken(grant)) {
                attempt(grant);
            }
        });
    }

    /** Tries what is due; never throws, for a scheduled task that throws is not run again. */
    public void tick() {
        try {
            List<Grant> due = database.withHandle(handle -> handle.createQuery(
                            "SELECT * FROM coupon_grant WHERE state = 0 AND next_at <= :now ORDER BY next_at LIMIT "
                                    + A_TURN)
                    .bind("now", clock.millis())
                    .map((row, context) -> grant(row))
                    .list());
            for (Grant grant : due) {
                if (taken(grant)) {
                    attempt(grant);
                }
            }
        } catch (RuntimeException e) {
            LOG.warn("Coupons that are due could not be given, trying again: {}", e.toString());
        }
    }

    /** Those of a user that nobody knows the outcome of yet. */
    public List<String> waiting(long userId, String templateId) {
        return database.withHandle(handle -> handle.createQuery(
                        "SELECT grant_key FROM coupon_grant WHERE user_id = :user AND template_id = :template AND state = 0")
                .bind("user", userId)
                .bind("template", templateId)
                .mapTo(String.class)
                .list());
    }

    private Optional<Grant> find(String key) {
        return database.withHandle(handle -> handle.createQuery("SELECT * FROM coupon_grant WHERE grant_key = :key")
                .bind("key", key)
                .map((row, context) -> grant(row))
                .findOne());
    }

    private static Grant grant(ResultSet row) throws SQLException {
        return new Grant(
                row.getString("grant_key"),
                row.getString("module"),
                row.getLong("user_id"),
                row.getString("template_id"),
                row.getString("channel"),
                row.getString("partner_id"),
                Grant.State.values()[row.getInt("state")],
                row.getString("coupon_id"),
                row.getString("refusal"),
                row.getInt("attempts"));
    }

    /** By compare-and-set; whoever dies with it leaves it to another when the lease is over. */
    private boolean taken(Grant grant) {
        long now = clock.millis();
        return database.withHandle(handle -> handle.createUpdate(
                                "UPDATE coupon_grant SET attempts = attempts + 1, next_at = :lease"
                                        + " WHERE grant_key = :key AND state = 0 AND attempts = :attempts")
                        .bind("lease", now + LEASE)
                        .bind("key", grant.key())
                        .bind("attempts", grant.attempts())
                        .execute())
                == 1;
    }

    private void attempt(Grant grant) {
        GrantOwner owner = owners.get(grant.module());
        if (owner == null) {
            throw new IllegalStateException("No module is called " + grant.module() + ".");
        }
        try {
            String coupon = core.give(new CouponCore.Gift(
                    grant.key(), grant.userId(), grant.templateId(), grant.channel(), grant.partner()));
            end(grant, Grant.State.GIVEN, coupon, transaction -> owner.given(transaction, grant, coupon));
        } catch (CoreRefusedException e) {
            end(grant, Grant.State.REFUSED, e.code(), transaction -> owner.refused(transaction, grant, e.code()));
        } catch (CoreUnavailableException e) {
            LOG.warn("Grant {} waits: {}", grant.key(), e.getMessage());
            count("later");
            long wait = Math.min(LONGEST_WAIT, FIRST_WAIT << Math.min(16, grant.attempts()));
            database.useHandle(handle -> handle.createUpdate(
                            "UPDATE coupon_grant SET next_at = :next WHERE grant_key = :key AND state = 0")
                    .bind("next", clock.millis() + wait)
                    .bind("key", grant.key())
                    .execute());
        }
    }

    private interface Outcome {
        void tell(Handle transaction);
    }

    private void end(Grant grant, Grant.State state, String said, Outcome outcome) {
        boolean first = database.inTransaction(transaction -> {
            int ended = transaction
                    .createUpdate("UPDATE coupon_grant SET state = :state, "
                            + (state == Grant.State.GIVEN ? "coupon_id" : "refusal")
                            + " = :said WHERE grant_key = :key AND state = 0")
                    .bind("state", state.ordinal())
                    .bind("said", said)
                    .bind("key", grant.key())
                    .execute();
            if (ended == 1) {
                outcome.tell(transaction);
            }
            return ended == 1;
        });
        if (first) {
            count(state == Grant.State.GIVEN ? "given" : "refused");
        }
    }

    private void count(String outcome) {
        meters.counter("business.grants", "outcome", outcome).increment();
    }
}
