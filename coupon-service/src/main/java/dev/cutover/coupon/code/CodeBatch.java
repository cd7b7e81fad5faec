package dev.cutover.coupon.code;

import dev.cutover.coupon.id.TemplateId;

/**
 * A batch of codes as its row stands.
 *
 * @param first the number of its first code: the others follow
 * @param made how many are in the databases
 */
public record CodeBatch(
        long id,
        String batchNo,
        TemplateId template,
        String keyId,
        int length,
        long first,
        int count,
        int made,
        String createdBy,
        long createdAt) {
    /** Whether all are made. */
    public boolean ready() {
        return made == count;
    }

    @Override
    public String toString() {
        return "cbt_" + id;
    }
}
