package dev.cutover.coupon.http;

import dev.cutover.coupon.issuance.Audience;
import java.util.Arrays;

/**
 * User ids out of a body of {@code text/csv}: one a line, the first field of each; a first line that is no number is a heading. Owned by one
 * thread.
 */
final class AudienceUpload {
    private static final int FIRST_ROOM = 4096;

    private final byte[] text;
    private int at;
    private long line;

    private AudienceUpload(byte[] text) {
        this.text = text;
    }

    static Audience read(byte[] text) {
        return new AudienceUpload(text).audience();
    }

    private Audience audience() {
        long[] users = new long[Math.min(FIRST_ROOM, text.length + 1)];
        int count = 0;
        while (at < text.length) {
            line++;
            long user = user();
            if (user > 0) {
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
        }
        if (count == 0) {
            throw ApiException.invalid("body", "a list of at least one user id");
        }
        return Audience.of(Arrays.copyOf(users, count));
    }

    /** 0 for a line without one: empty, or the heading. */
    private long user() {
        int begin = at;
        while (at < text.length && text[at] != '\n') {
            at++;
        }
        int end = at;
        at++;
        long user = 0;
        int next = begin;
        for (; next < end && text[next] != ',' && text[next] != '\r'; next++) {
            int digit = text[next] - '0';
            if (digit < 0 || digit > 9 || user > ApiRequest.MOST_USER_ID) {
                if (line == 1) {
                    return 0;
                }
                throw refused();
            }
            user = user * 10 + digit;
        }
        if (next > begin && (user < 1 || user > ApiRequest.MOST_USER_ID)) {
            throw refused();
        }
        return user;
    }

    private ApiException refused() {
        return ApiException.invalid(
                "body", "a user id from 1 to " + ApiRequest.MOST_USER_ID + " in line " + line + " (nothing was taken)");
    }
}
