package dev.cutover.coupon.backoffice;

import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.id.IssuanceId;
import dev.cutover.coupon.id.RecallId;
import dev.cutover.coupon.id.TemplateId;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One recall as its row stands.
 *
 * @param number the caller's own
 * @param issuance the one whose coupons are recalled, null for all of the template
 * @param seed of that issuance
 * @param failure what the last turn of work failed of, null when it did not
 * @param endedBy who cancelled it
 */
public record Recall(
        RecallId id,
        String number,
        TemplateId template,
        @Nullable IssuanceId issuance,
        @Nullable String seed,
        String reason,
        State state,
        @Nullable String failure,
        String createdBy,
        long createdAt,
        @Nullable String endedBy,
        @Nullable Long endedAt) {
    /** Where it stands; the order is that of the codes in {@code coupon_recall.state}. */
    public enum State {
        RUNNING,
        /** Cancelled; a shard database may not know yet. */
        CANCELLING,
        CANCELLED,
        DONE;

        public boolean over() {
            return this == CANCELLED || this == DONE;
        }
    }

    /**
     * What is to be recalled.
     *
     * @param issuance null for all coupons of the template
     */
    public record Order(
            String number, TemplateId template, @Nullable IssuanceId issuance, String reason, Operator operator) {
        boolean asks(Recall recall) {
            return template.equals(recall.template())
                    && reason.equals(recall.reason())
                    && Objects.equals(issuance, recall.issuance());
        }
    }

    /**
     * A recall and what it has counted.
     *
     * @param total how many coupons it found, null until it has been through all tables
     * @param seen how many it has come by so far
     * @param held how many a hold or somebody's transaction had when it came by: it comes again for them
     * @param used how many it found used
     */
    public record Progress(Recall recall, @Nullable Long total, long seen, long voided, long held, long used) {
        /** Of how many coupons it is known what becomes of them. */
        public long done() {
            return Math.max(0, seen - held);
        }
    }

    /** What became of an order. */
    public record Ordered(Progress progress, boolean known) {}
}
