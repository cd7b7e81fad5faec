package dev.cutover.chaos.checker;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * A row that the two sides do not hold alike.
 *
 * @param key as {@link BankTable#key} spells it
 */
record Difference(String key, String detail) {
    /** Every difference between the drained sides. */
    static List<Difference> between(SideState one, SideState other) {
        List<Difference> found = new ArrayList<>();
        compare(
                found,
                one,
                other,
                side -> side.operations(),
                row -> "operation " + row.user() + "/" + row.op(),
                row -> row.user() + " " + row.content());
        compare(found, one, other, side -> side.coupons(), row -> "coupon " + row.id(), row -> row.content());
        compare(
                found,
                one,
                other,
                side -> side.redemptions(),
                row -> "redemption " + row.user() + "/" + row.order(),
                row -> row.content());
        Set<Long> users = new HashSet<>(one.probes().keySet());
        users.addAll(other.probes().keySet());
        for (long user : users) {
            compare(
                    found,
                    one,
                    other,
                    side -> side.probes().getOrDefault(user, Map.of()),
                    row -> "probe " + row.user() + "/" + row.k(),
                    row -> row.content());
        }
        return found;
    }

    private static <K, R> void compare(
            List<Difference> found,
            SideState one,
            SideState other,
            Function<SideState, Map<K, R>> rows,
            Function<R, String> key,
            Function<R, String> content) {
        Map<K, R> left = rows.apply(one);
        Map<K, R> right = rows.apply(other);
        left.forEach((id, row) -> {
            R twin = right.get(id);
            if (twin == null) {
                found.add(new Difference(
                        key.apply(row),
                        one.side() + " has it (" + content.apply(row) + "), " + other.side() + " does not"));
            } else if (!content.apply(row).equals(content.apply(twin))) {
                found.add(new Difference(
                        key.apply(row),
                        one.side() + " has " + content.apply(row) + "; " + other.side() + " has "
                                + content.apply(twin)));
            }
        });
        right.forEach((id, row) -> {
            if (!left.containsKey(id)) {
                found.add(new Difference(
                        key.apply(row),
                        other.side() + " has it (" + content.apply(row) + "), " + one.side() + " does not"));
            }
        });
    }
}
