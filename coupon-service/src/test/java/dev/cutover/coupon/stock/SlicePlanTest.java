package dev.cutover.coupon.stock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class SlicePlanTest {
    @Test
    void theSlicesOfAnyTotalAddUpToItAndDifferByOneAtMost() {
        SplittableRandom random = new SplittableRandom(20_261_122);
        for (int run = 0; run < 20_000; run++) {
            SlicePlan plan = new SlicePlan(random.nextInt(1, 17), random.nextInt(1, 33));
            long total = random.nextLong(0, 1L << random.nextInt(1, 41));
            long sum = 0;
            long least = Long.MAX_VALUE;
            long most = 0;
            for (int database = 0; database < plan.databases(); database++) {
                long inDatabase = 0;
                for (int slice = 0; slice < plan.perDatabase(); slice++) {
                    long share = plan.share(total, database, slice);
                    inDatabase += share;
                    least = Math.min(least, share);
                    most = Math.max(most, share);
                }
                assertThat(plan.share(total, database)).isEqualTo(inDatabase);
                sum += inDatabase;
            }
            assertThat(sum).as("%s of %d", plan, total).isEqualTo(total);
            assertThat(most - least).isLessThanOrEqualTo(1);
        }
    }

    @Test
    void aFewPiecesGoToDifferentDatabases() {
        SlicePlan plan = new SlicePlan(4, 8);
        for (int database = 0; database < 4; database++) {
            assertThat(plan.share(4, database)).isEqualTo(1);
        }
    }

    @Test
    void noSlicesAreRefused() {
        assertThatThrownBy(() -> new SlicePlan(0, 4)).isInstanceOf(IllegalArgumentException.class);
    }
}
