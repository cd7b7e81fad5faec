package dev.cutover.sandbox.load;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.zip.CRC32;

/** Where a user's rows belong, worked out from the documentation: CRC-32 of the decimal user id. */
final class Routes {
    private static final int IDS_A_STATEMENT = 500;

    private Routes() {}

    static int slot(long user, int slots) {
        CRC32 crc = new CRC32();
        crc.update(Long.toString(user).getBytes(StandardCharsets.US_ASCII));
        return (int) (crc.getValue() % slots);
    }

    /** {@code cpn_5121} is 5121. */
    static long number(String id) {
        return Long.parseLong(id.substring(id.indexOf('_') + 1));
    }

    static <T> List<List<T>> batches(Collection<T> all) {
        List<T> list = new ArrayList<>(all);
        List<List<T>> batches = new ArrayList<>();
        for (int from = 0; from < list.size(); from += IDS_A_STATEMENT) {
            batches.add(list.subList(from, Math.min(list.size(), from + IDS_A_STATEMENT)));
        }
        return batches;
    }
}
