package dev.cutover.coupon.issuance;

/** Where a task stands; the numbers are those of {@code issuance_task.state}. */
public enum IssuanceState {
    /** Its users have not been uploaded yet. */
    AWAITING_AUDIENCE(0),
    RUNNING(1),
    PAUSED(2),
    /** Cancelled; what was issued before is still being counted. */
    CANCELLING(3),
    DONE(4),
    CANCELLED(5);

    private final int number;

    IssuanceState(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }

    static IssuanceState of(int number) {
        for (IssuanceState state : values()) {
            if (state.number == number) {
                return state;
            }
        }
        throw new IllegalStateException("issuance_task.state is " + number + ": known are 0 to 5.");
    }
}
