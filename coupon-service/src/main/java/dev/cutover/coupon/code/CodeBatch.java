package dev.cutover.coupon.code;

import dev.cutover.coupon.id.TemplateId;

/**
 * A batch of codes as its row stands.
 *
 * @param first the number of its first code: the others follow
 * @param made how many are in the databases
 * @param voiding whether it is void, or about to be in all databases
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
        long createdAt,
        Voiding voiding) {
    /** The length of a batch whose codes were made elsewhere. */
    static final int IMPORTED = 0;

    /** Whether its codes were made elsewhere, and may be more by and by. */
    public boolean imported() {
        return length == IMPORTED;
    }

    /** Whether the codes of a batch that nobody has used are void. */
    public enum Voiding {
        NOT,
        BEGUN,
        DONE
    }

    /** Whether all are made. */
    public boolean ready() {
        return made == count;
    }

    @Override
    public String toString() {
        return "cbt_" + id;
    }
}
