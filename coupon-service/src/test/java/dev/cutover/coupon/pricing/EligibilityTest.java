package dev.cutover.coupon.pricing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class EligibilityTest {
    @Test
    void usableIsTheBaseOfTheScopeWithoutTheSuperBlacklist() {
        for (int seed = 0; seed < 500; seed++) {
            Random random = new Random(seed);
            Set<Integer> products = some(random, 20);
            Set<Integer> listed = some(random, 8);
            Set<Integer> superBlack = some(random, 4);
            for (int scope : new int[] {0, 2, 3}) {
                Set<Integer> expected = new HashSet<>(products);
                if (scope == 2) {
                    expected.retainAll(listed);
                } else if (scope == 3) {
                    expected.removeAll(listed);
                }
                expected.removeAll(superBlack);
                Set<Integer> usable = new HashSet<>(products);
                int current = scope;
                usable.removeIf(
                        product -> Eligibility.of(current, listed.contains(product), superBlack.contains(product))
                                != Eligibility.ELIGIBLE);
                assertThat(usable).as("seed %d, scope %d", seed, scope).isEqualTo(expected);
            }
        }
    }

    private static Set<Integer> some(Random random, int most) {
        Set<Integer> some = new HashSet<>();
        for (int i = random.nextInt(most + 1); i > 0; i--) {
            some.add(random.nextInt(25));
        }
        return some;
    }

    @Test
    void theSuperBlacklistWinsOverAWhiteListAndSaysSo() {
        assertThat(Eligibility.of(2, true, true)).isEqualTo(Eligibility.SUPER_BLACKLISTED);
        assertThat(Eligibility.of(0, false, true)).isEqualTo(Eligibility.SUPER_BLACKLISTED);
        assertThat(Eligibility.of(2, false, false)).isEqualTo(Eligibility.NOT_APPLICABLE);
        assertThat(Eligibility.of(1, true, false)).isEqualTo(Eligibility.ELIGIBLE);
        assertThat(Eligibility.of(1, false, false)).isEqualTo(Eligibility.NOT_APPLICABLE);
    }
}
