package dev.cutover.verifier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.topology.DatabaseId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NewestRowsTest {
    @Test
    void ofFewTablesAllAreLookedAt() {
        Map<DatabaseId, List<Integer>> all = layout(4, 16);
        assertThat(NewestRows.sample(all, 64, new SplittableRandom(1))).isEqualTo(all);
    }

    @Test
    void ofAThousandTablesAsManyOfEachDatabaseAreLookedAtAndOthersTheNextTime() {
        Map<DatabaseId, List<Integer>> all = layout(8, 128);
        Map<DatabaseId, List<Integer>> some = NewestRows.sample(all, 64, new SplittableRandom(1));
        assertThat(some.keySet()).isEqualTo(all.keySet());
        some.forEach((database, slots) ->
                assertThat(slots).hasSize(8).doesNotHaveDuplicates().isSubsetOf(all.getOrDefault(database, List.of())));
        assertThat(NewestRows.sample(all, 64, new SplittableRandom(2))).isNotEqualTo(some);
    }

    @Test
    void moreDatabasesThanTheSampleHasTablesGetOneEach() {
        assertThat(NewestRows.sample(layout(100, 4), 64, new SplittableRandom(1))
                        .values())
                .hasSize(100)
                .allSatisfy(slots -> assertThat(slots).hasSize(1));
    }

    private static Map<DatabaseId, List<Integer>> layout(int databases, int tables) {
        Map<DatabaseId, List<Integer>> slots = new LinkedHashMap<>();
        for (int i = 0; i < databases; i++) {
            slots.put(
                    DatabaseId.shard(i),
                    IntStream.range(i * tables, (i + 1) * tables).boxed().toList());
        }
        return slots;
    }
}
