package dev.cutover.coupon.claim;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.audit.AuditLog;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.audit.Subject;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.sql.Sql;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How much one claim may ask for: a row of the meta database, changed while instances run and felt by all of them within {@code tick}'s
 * pace. Whoever cannot read it goes on with what was read last. Safe for many threads.
 */
public final class ClaimLimits {
    /**
     * How much it is.
     *
     * @param coupons of all templates together
     * @param templates different ones
     */
    public record Limit(int coupons, int templates) {
        public Limit {
            if (coupons < 1 || coupons > Claims.MOST_COUPONS || templates < 1 || templates > Claims.MOST_TEMPLATES) {
                throw new IllegalArgumentException("A claim is for 1 to " + Claims.MOST_COUPONS + " coupons of 1 to "
                        + Claims.MOST_TEMPLATES + " templates, not " + coupons + " of " + templates + ".");
            }
        }

        /** Why a claim asks for too much, empty when it does not. */
        Optional<Refusal> exceededBy(List<Claims.Wanted> wanted) {
            if (wanted.size() > templates) {
                return Optional.of(tooWide(wanted.size()));
            }
            long sum = 0;
            for (int i = 0; i < wanted.size(); i++) {
                sum += wanted.get(i).quantity();
                if (sum > coupons) {
                    return Optional.of(tooMany(i, sum));
                }
            }
            return Optional.empty();
        }

        /** The refusal of a claim of so many templates. */
        public Refusal tooWide(int found) {
            return refusal(
                    "items", templates, "One claim is for at most " + templates + " templates, not " + found + ".");
        }

        /**
         * The refusal of a claim of so many coupons.
         *
         * @param item with which they are too many, from 0
         */
        public Refusal tooMany(int item, long found) {
            return refusal(
                    "items[" + item + "].quantity",
                    coupons,
                    "One claim is for at most " + coupons + " coupons in all, not " + found + ".");
        }

        private static Refusal refusal(String param, int max, String message) {
            return new Refusal(Reason.BATCH_LIMIT_EXCEEDED, param, message)
                    .with(List.of(Map.of("param", param, "message", message, "max", Integer.toString(max))));
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(ClaimLimits.class);
    private static final Limit MOST = new Limit(Claims.MOST_COUPONS, Claims.MOST_TEMPLATES);

    private final MetaDatabase meta;
    private final InstantSource clock;
    private volatile Limit limit = MOST;

    public ClaimLimits(MetaDatabase meta, InstantSource clock) {
        this.meta = meta;
        this.clock = clock;
    }

    public Limit now() {
        return limit;
    }

    /** Reads it; never throws, for a scheduled task that throws is not run again. */
    public void tick() {
        try {
            limit = meta.read(connection -> Sql.first(
                            connection,
                            row -> new Limit(
                                    Math.min(row.getInt(1), MOST.coupons()), Math.min(row.getInt(2), MOST.templates())),
                            "SELECT coupons, templates FROM claim_limit WHERE id = 1")
                    .orElse(MOST));
        } catch (RuntimeException e) {
            LOG.warn("How much a claim may ask for could not be read, it stays {}: {}", limit, e.toString());
        }
    }

    /** Changes it for all instances; this one knows it behind this call. */
    public Limit change(Limit wanted, Operator operator) {
        var unused = meta.own(connection -> {
            Optional<ObjectNode> before = Sql.first(
                    connection,
                    row -> node(row.getInt(1), row.getInt(2)),
                    "SELECT coupons, templates FROM claim_limit WHERE id = 1 FOR UPDATE");
            long now = clock.millis();
            AuditLog.append(
                    connection,
                    Subject.CLAIM_LIMITS,
                    operator.name(),
                    "limit_claims",
                    now,
                    before.orElse(null),
                    node(wanted.coupons(), wanted.templates()));
            return Sql.update(
                    connection,
                    "REPLACE INTO claim_limit (id, coupons, templates, set_by, set_at) VALUES (1, ?, ?, ?, ?)",
                    wanted.coupons(),
                    wanted.templates(),
                    operator.name(),
                    now);
        });
        LOG.info("{} lets a claim ask for {}", operator.name(), wanted);
        limit = wanted;
        return wanted;
    }

    private static ObjectNode node(int coupons, int templates) {
        return JsonNodeFactory.instance.objectNode().put("coupons", coupons).put("templates", templates);
    }
}
