package dev.cutover.core.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ShardLayoutTest {
    private static final ShardLayout EIGHT_BY_128 = new ShardLayout(8, 128);

    @Test
    void routesByTheCrcThatEveryoneElseComputes() {
        // CRC-32 check value of "123456789", and values of MySQL's CRC32().
        assertThat(new ShardLayout(1, 1024).slot("123456789")).isEqualTo((int) (3421780262L % 1024));
        assertThat(EIGHT_BY_128.slot(1)).isEqualTo((int) (2212294583L % 1024));
        assertThat(EIGHT_BY_128.slot(0)).isEqualTo((int) (4108050209L % 1024));
        assertThat(EIGHT_BY_128.slot(-1)).isEqualTo(EIGHT_BY_128.slot("-1"));
        assertThat(EIGHT_BY_128.slot(Long.MAX_VALUE)).isEqualTo(EIGHT_BY_128.slot("9223372036854775807"));
    }

    @Test
    void namesDatabaseAndTableOfASlot() {
        ShardLayout layout = new ShardLayout(4, 16);

        for (int slot = 0; slot < layout.slots(); slot++) {
            assertThat(layout.databaseOf(slot) * 16 + layout.tableOf(slot)).isEqualTo(slot);
            assertThat(layout.databaseOf(slot)).isBetween(0, 3);
        }
        long hash = 2212294583L;
        assertThat(layout.databaseOf(layout.slot(1))).isEqualTo((int) (hash / 16 % 4));
        assertThat(layout.tableOf(layout.slot(1))).isEqualTo((int) (hash % 16));
        assertThat(layout.physicalTable("user_coupon", 21)).isEqualTo("user_coupon_005");
    }

    @Test
    void reachesAllTablesEvenly() {
        int[] users = new int[EIGHT_BY_128.slots()];
        for (int user = 1; user <= 1_000_000; user++) {
            users[EIGHT_BY_128.slot(user)]++;
        }

        // 977 on average; a fair hash stays within six standard deviations.
        assertThat(Arrays.stream(users).min().orElseThrow()).isGreaterThan(977 - 190);
        assertThat(Arrays.stream(users).max().orElseThrow()).isLessThan(977 + 190);
    }

    @Test
    void refusesMoreTablesThanAnIdHasBitsFor() {
        assertThatThrownBy(() -> new ShardLayout(8, 129)).hasMessageContaining("8 databases x 129 tables");
        assertThatThrownBy(() -> new ShardLayout(0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ShardLayout(1 << 20, 1 << 20)).isInstanceOf(IllegalArgumentException.class);
    }
}
