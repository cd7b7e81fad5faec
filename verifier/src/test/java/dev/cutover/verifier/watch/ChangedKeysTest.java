package dev.cutover.verifier.watch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.row.RowKey;
import dev.cutover.core.topology.DatabaseId;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ChangedKeysTest {
    private static final DatabaseId SHARD = DatabaseId.shard(0);

    private final AtomicLong now = new AtomicLong();
    private final ChangedKeys keys = new ChangedKeys(100, Duration.ofSeconds(3), now::get);

    private void applied(long key, int slot) {
        keys.applied(SHARD, Map.of("note", Map.of(RowKey.of(key), Set.of(slot))));
    }

    private void later(Duration time) {
        now.addAndGet(time.toNanos());
    }

    @Test
    void aKeyIsDueSomeSecondsAfterItsFirstApplyAndOnceHoweverOftenItChanged() {
        applied(1, 0);
        later(Duration.ofSeconds(2));
        applied(1, 3);
        applied(2, 1);
        assertThat(keys.due(10).none()).isTrue();
        later(Duration.ofSeconds(1));
        ChangedKeys.Due due = keys.due(10);
        assertThat(due.byTable())
                .isEqualTo(Map.of("note", Map.of(RowKey.of(1), new ChangedKeys.Changed(SHARD, Set.of(0, 3)))));
        assertThat(keys.waiting()).isEqualTo(1);
        later(Duration.ofSeconds(2));
        assertThat(keys.due(10).byTable())
                .isEqualTo(Map.of("note", Map.of(RowKey.of(2), new ChangedKeys.Changed(SHARD, Set.of(1)))));
    }

    @Test
    void aKeyThatCouldNotBeDecidedIsDueAgainAndJoinsWhatWasAppliedMeanwhile() {
        applied(1, 0);
        applied(2, 0);
        later(Duration.ofSeconds(3));
        ChangedKeys.Due due = keys.due(10);
        applied(2, 3);
        due.byTable().forEach(keys::undecided);
        assertThat(keys.due(10).none()).isTrue();
        later(Duration.ofSeconds(3));
        assertThat(keys.due(10).byTable().get("note"))
                .containsEntry(RowKey.of(1), new ChangedKeys.Changed(SHARD, Set.of(0)))
                .containsEntry(RowKey.of(2), new ChangedKeys.Changed(SHARD, Set.of(0, 3)));
        assertThat(keys.takePassedOver()).isEmpty();
    }

    @Test
    void whatIsTooMuchIsSampledDownAndCounted() {
        Map<RowKey, Set<Integer>> many = new HashMap<>();
        for (long key = 0; key < 10_000; key++) {
            many.put(RowKey.of(key), Set.of(0));
        }
        keys.applied(SHARD, Map.of("note", many));
        assertThat(keys.waiting()).isBetween(50, 100);
        Map<DatabaseId, Long> over = keys.takePassedOver();
        assertThat(over).isEqualTo(Map.of(SHARD, 10_000L - keys.waiting()));
        assertThat(keys.takePassedOver()).isEmpty();
    }

    @Test
    void noMoreAreTakenAtATimeThanAskedFor() {
        for (long key = 0; key < 30; key++) {
            applied(key, 0);
        }
        later(Duration.ofSeconds(3));
        assertThat(keys.due(20).count()).isEqualTo(20);
        assertThat(keys.due(20).count()).isEqualTo(10);
        assertThat(keys.due(20).none()).isTrue();
    }
}
