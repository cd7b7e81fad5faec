package dev.cutover.core.failpoint;

import java.util.Optional;

/** Every point of the code at which a fault may be asked for, named as {@code room.what has just happened}. */
public enum Failpoint {
    /** A writer has its view and its session, and has not read the fence. */
    UNIT_BEGUN("unit.begun"),
    /** A writer was admitted and holds the fence; nothing is written. */
    UNIT_FENCED("unit.fenced"),
    /** Everything of a unit is written and the fence was read again; COMMIT comes next. */
    UNIT_WRITTEN("unit.written"),
    /** A unit is committed; neither its caller nor its mirror knows. */
    UNIT_COMMITTED("unit.committed"),

    /** Mirrors have gathered; their transaction has not begun. */
    MIRROR_BEGUN("mirror.begun"),
    /** Mirrors are written and not committed. */
    MIRROR_WRITTEN("mirror.written"),

    /** A batch of changed keys is complete; nothing of it was read. */
    APPLY_DIRTY("apply.dirty"),
    /** The rows of a batch were read on the source. */
    APPLY_FETCHED("apply.fetched"),
    /** The rows of a batch are written, the position is not moved. */
    APPLY_ROWS_WRITTEN("apply.rowsWritten"),
    /** Rows and position are committed; the worker has not noted it. */
    APPLY_COMMITTED("apply.committed"),

    /** A chunk was read on the source while the window was open. */
    COPY_CHUNK_READ("copy.chunkRead"),
    /** Rows of a chunk are written and not committed. */
    COPY_ROWS_WRITTEN("copy.rowsWritten"),
    /** A chunk is on every shard; the control database does not say so yet. */
    COPY_CHUNK_WRITTEN("copy.chunkWritten"),

    /** A switch has warmed up and rehearsed. */
    SWITCH_PREPARED("switch.prepared"),
    /** The register says that a switch is under way. */
    SWITCH_CLAIMED("switch.claimed"),
    /** Every fence of the side being left is closed. */
    SWITCH_CLOSED("switch.closed"),
    /** A marker stands behind the last write of every database being left. */
    SWITCH_MARKED("switch.marked"),
    /** Every applier has committed its marker. */
    SWITCH_DRAINED("switch.drained"),
    /** The start of the way back is recorded. */
    SWITCH_STARTED("switch.started"),
    /** Ids and stock are handed over. */
    SWITCH_HANDED_OVER("switch.handedOver"),
    /** The last verification found nothing. */
    SWITCH_CHECKED("switch.checked"),
    /** The register says COMMIT. */
    SWITCH_DECIDED("switch.decided"),
    /** Every fence of the side being entered is open. */
    SWITCH_OPENED("switch.opened"),
    /** The side that was left takes mirrors and the stream. */
    SWITCH_RELEASED("switch.released"),
    /** The register is stable again. */
    SWITCH_SETTLED("switch.settled"),
    /** The register says ABORT. */
    ABORT_DECIDED("abort.decided"),
    /** No target can be opened in this epoch any more; the side being left is as the switch left it. */
    ABORT_TARGETS_RAISED("abort.targetsRaised"),
    /** The side being left is open again; the register does not say so yet. */
    ABORT_REOPENED("abort.reopened"),

    /** A repair holds fence, position and row, and has read the truth; nothing is written. */
    REPAIR_READ("repair.read"),
    /** A repaired row is committed; the next one comes. */
    REPAIR_COMMITTED("repair.committed"),

    /** The coupon service has read the coupons of a use, a hold or a refund; nothing is written. */
    USE_READ("use.read"),
    /** The coupon service has changed them; the operation is not recorded yet. */
    USE_WRITTEN("use.written"),

    /** A template is PUBLISHING; none of its stock is cut. */
    PUBLISH_BEGUN("publish.begun"),
    /** The stock of one more database is cut. */
    PUBLISH_SLICED("publish.sliced"),
    /** The journal says what stock is to be adjusted; no slice is moved. */
    ADJUST_BEGUN("adjust.begun"),
    /** One more database has done its part of an adjustment. */
    ADJUST_MOVED("adjust.moved"),
    /** It is decided that too little is left; nothing is given back yet. */
    ADJUST_REFUSED("adjust.refused"),

    /** A worker has the lease of a chunk of an issuance; it has issued nothing. */
    ISSUE_CHUNK_CLAIMED("issue.chunkClaimed"),
    /** The coupons of a step are inserted and not committed. */
    ISSUE_INSERTED("issue.inserted"),
    /** The coupons of a step are committed; nobody has counted them. */
    ISSUE_STEP_COMMITTED("issue.stepCommitted"),
    /** A chunk's counts, failures and messages are written and not committed. */
    ISSUE_CHUNK_WRITTEN("issue.chunkWritten"),
    /** A chunk is done; its worker has not noted it. */
    ISSUE_CHUNK_DONE("issue.chunkDone"),

    /** A code is taken for its user; no coupon is issued for it. */
    CODE_TAKEN("code.taken"),
    /** The coupon of a code is committed; the code does not say so. */
    CODE_ISSUED("code.issued"),
    /** A code says that it is used; its user has no answer. */
    CODE_USED("code.used"),
    /** The codes of a list are in the databases; their batch does not count them. */
    CODES_IMPORTED("code.imported"),

    /** A webhook was told of an event; nothing says so. */
    WEBHOOK_SENT("webhook.sent"),

    /** Coupons are in the archive and still in their table; nothing is committed. */
    ARCHIVE_COPIED("archive.copied"),
    /** They are in the archive alone; nothing is committed. */
    ARCHIVE_DELETED("archive.deleted"),
    /** A refund knows its coupon, which is in its table; nothing of it is changed. */
    REFUND_KNOWN("refund.known"),

    /** A worker has taken cache-build tasks; nothing of them is read. */
    CACHE_TASKS_TAKEN("cache.taken"),
    /** Their details are in Redis; the tasks do not say so. */
    CACHE_TASKS_BUILT("cache.built"),

    /** A recall has read the next coupons of a table; none of them is locked. */
    RECALL_READ("recall.read"),
    /** Coupons are voided, with their lines in the ledger and how far the recall is; nothing is committed. */
    RECALL_VOIDED("recall.voided"),
    /** A step of a recall is committed; its worker has not noted it. */
    RECALL_COMMITTED("recall.committed");

    private final String word;

    Failpoint(String word) {
        this.word = word;
    }

    /** How files and reports name it. */
    public String word() {
        return word;
    }

    /** The point with this name; empty when there is none. */
    public static Optional<Failpoint> ofWord(String word) {
        for (Failpoint point : values()) {
            if (point.word.equals(word)) {
                return Optional.of(point);
            }
        }
        return Optional.empty();
    }
}
