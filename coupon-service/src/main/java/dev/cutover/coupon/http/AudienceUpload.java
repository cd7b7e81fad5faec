package dev.cutover.coupon.http;

import dev.cutover.coupon.issuance.Audience;
import java.util.Arrays;

/** User ids out of a body of {@code text/csv}: one a line, the first field of each; one wrong line refuses all. */
final class AudienceUpload {
    private static final int FIRST_ROOM = 4096;
    private static final String HEADING = "user_id";

    private AudienceUpload() {}

    static Audience read(byte[] text) {
        long[] users = new long[Math.min(FIRST_ROOM, text.length + 1)];
        int count = 0;
        for (UploadLines lines = new UploadLines(text, HEADING); lines.move(); ) {
            long user = lines.leadingNumber(ApiRequest.MOST_USER_ID);
            if (user < 1) {
                throw ApiException.invalid(
                        "body",
                        "a user id from 1 to " + ApiRequest.MOST_USER_ID + " in line " + lines.number()
                                + " (nothing was taken)");
            }
            if (count == Audience.LONGEST_LIST) {
                throw new ApiException(
                        ApiError.BATCH_LIMIT_EXCEEDED,
                        "body",
                        "One audience has at most " + Audience.LONGEST_LIST + " users.");
            }
            if (count == users.length) {
                users = Arrays.copyOf(users, count * 2);
            }
            users[count++] = user;
        }
        if (count == 0) {
            throw ApiException.invalid("body", "a list of at least one user id");
        }
        return Audience.of(Arrays.copyOf(users, count));
    }
}
