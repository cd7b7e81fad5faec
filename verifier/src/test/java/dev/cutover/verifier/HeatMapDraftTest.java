package dev.cutover.verifier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.row.KeyRange;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.stage.PassRange;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeatMapDraftTest {
    private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

    private static PassRange range(int number, int ranges) {
        return new PassRange(
                number,
                new KeyRange(border(number, 0, ranges), border(number + 1, 0, ranges)),
                true,
                NOON,
                1,
                10,
                10,
                0);
    }

    private static @Nullable RowKey border(int number, int first, int last) {
        return number == first || number == last ? null : RowKey.of(number * 100L);
    }

    private static HeatMap finished(HeatMapDraft draft, int tables) {
        return draft.finished(
                slot -> "shard-" + slot / tables, slot -> String.format(Locale.ROOT, "coupon_%03d", slot % tables));
    }

    @ParameterizedTest
    @CsvSource({"1,1,1", "3,8,4", "200,128,16", "201,1024,128", "9999,1024,1", "1000,1000,2", "700,129,129"})
    void everyUnequalCellShowsHoweverMuchIsPutTogether(int ranges, int slots, int tables) {
        HeatMapDraft draft = new HeatMapDraft(ranges, slots, tables);
        for (int number = 0; number < ranges; number++) {
            draft.read(range(number, ranges), NOON.plusSeconds(number), 2, number % 2 == 0);
            for (int slot = number % 7; slot < slots; slot += 97) {
                draft.unequal(number, slot);
                draft.different(number, slot);
            }
        }
        HeatMap map = finished(draft, tables);
        assertThat(map.columns()).hasSizeLessThanOrEqualTo(128);
        assertThat(map.rows()).hasSizeLessThanOrEqualTo(200);
        assertThat(map.columns().stream().mapToInt(HeatMap.Column::tables).sum())
                .isEqualTo(slots);
        assertThat(map.rows().stream().mapToInt(HeatMap.Row::ranges).sum()).isEqualTo(ranges);
        assertThat(map.rows().stream().mapToLong(HeatMap.Row::millis).sum()).isEqualTo(2L * ranges);
        assertThat(map.rows().stream().mapToInt(HeatMap.Row::kept).sum()).isEqualTo((ranges + 1) / 2);
        assertThat(map.rows().get(0).lo()).isNull();
        assertThat(map.rows().get(map.rows().size() - 1).hi()).isNull();
        for (int i = 1; i < map.rows().size(); i++) {
            assertThat(map.rows().get(i).lo()).isEqualTo(map.rows().get(i - 1).hi());
        }
        long planted = 0;
        for (int number = 0; number < ranges; number++) {
            planted += Math.max(0, (slots - number % 7 + 96) / 97);
        }
        assertThat(map.rows().stream()
                        .flatMap(row -> row.cells().stream())
                        .mapToLong(HeatMap.Cell::unequal)
                        .sum())
                .isEqualTo(planted);
        for (int slot = 0; slot < slots; slot++) {
            String database = "shard-" + slot / tables;
            String table = String.format(Locale.ROOT, "coupon_%03d", slot % tables);
            assertThat(map.columns().stream().filter(column -> column.covers(database, table)))
                    .hasSize(1);
        }
    }

    @Test
    void aRowIsAsOldAsItsOldestRange() {
        HeatMapDraft draft = new HeatMapDraft(400, 1, 1);
        for (int number = 399; number >= 0; number--) {
            draft.read(range(number, 400), NOON.minusSeconds(number), 1, false);
        }
        HeatMap.Row second = finished(draft, 1).rows().get(1);
        assertThat(second.ranges()).isEqualTo(2);
        assertThat(second.readFrom()).isEqualTo(NOON.minusSeconds(3));
        assertThat(second.readTo()).isEqualTo(NOON.minusSeconds(2));
    }

    @Test
    void theWorstThingInACellIsItsState() {
        assertThat(new HeatMap.Cell(0, 3, 2, 1, 1).state()).isEqualTo(HeatMap.State.DIFFERENT);
        assertThat(new HeatMap.Cell(0, 3, 2, 0, 1).state()).isEqualTo(HeatMap.State.HOT);
        assertThat(new HeatMap.Cell(0, 3, 2, 0, 0).state()).isEqualTo(HeatMap.State.SETTLED);
    }

    @Test
    void whereNothingMovesAnUnequalCellThatIsEqualAMomentLaterStaysOpen() {
        HeatMapDraft draft = new HeatMapDraft(1, 4, 4);
        draft.read(range(0, 1), NOON, 1, false);
        draft.unequal(0, 1);
        draft.unequal(0, 2);
        draft.different(0, 2);
        draft.nothingSettles();
        assertThat(finished(draft, 4).rows().get(0).cells())
                .extracting(HeatMap.Cell::state)
                .containsExactly(HeatMap.State.HOT, HeatMap.State.DIFFERENT);
    }
}
