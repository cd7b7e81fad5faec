package dev.cutover.coupon.issuance;

import java.util.ArrayList;
import java.util.List;

/** What became of users: issued to, or not and why. Owned by one thread. */
final class Outcome {
    private final List<Long> issued = new ArrayList<>();
    private final List<Failed> failed = new ArrayList<>();

    /**
     * A user without a coupon.
     *
     * @param reason a word of the API
     * @param again whether another try may end better
     */
    record Failed(long user, String reason, String message, boolean again) {}

    void issued(long user) {
        issued.add(user);
    }

    void failed(long user, String reason, String message, boolean again) {
        failed.add(new Failed(user, reason, message, again));
    }

    void add(Outcome other) {
        issued.addAll(other.issued);
        failed.addAll(other.failed);
    }

    List<Long> issued() {
        return issued;
    }

    List<Failed> failed() {
        return failed;
    }
}
