package dev.cutover.coupon.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.routing.ShardLayout;
import org.junit.jupiter.api.Test;

final class SlotUsersTest {
    @Test
    void everySlotAndDatabaseHasANumberThatRoutesThere() {
        for (ShardLayout layout :
                new ShardLayout[] {new ShardLayout(1, 1), new ShardLayout(4, 16), new ShardLayout(8, 128)}) {
            SlotUsers users = new SlotUsers(layout);
            for (int slot = 0; slot < layout.slots(); slot++) {
                assertThat(users.slotOf(users.ofSlot(slot))).isEqualTo(slot);
            }
            for (int database = 0; database < layout.databases(); database++) {
                assertThat(layout.databaseOf(layout.slot(users.ofDatabase(database))))
                        .isEqualTo(database);
            }
            assertThat(users.knows(layout.slots())).isFalse();
        }
    }
}
