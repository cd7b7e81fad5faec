package dev.cutover.verifier.grid;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.row.KeyRange;
import java.math.BigInteger;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

class SelfTestTest {
    private static final String HASH = "AB".repeat(32);

    @RepeatedTest(50)
    void everyPlantedFaultIsFoundAlsoInEmptyCells() {
        SortedMap<Integer, Cell> source = new TreeMap<>();
        source.put(2, Cell.of(7, BigInteger.ONE, HASH, 0));
        List<SelfTest.Fault> faults =
                new SelfTest(new Random()).run(new CellRow(KeyRange.ALL, source, new TreeMap<>(), 0), 8, 4);
        assertThat(faults).hasSize(7).allMatch(SelfTest.Fault::found);
    }

    @Test
    void aSingleTableHasNothingToSwap() {
        assertThat(new SelfTest(new Random(1))
                        .run(new CellRow(KeyRange.ALL, new TreeMap<>(), new TreeMap<>(), 0), 1, 1))
                .hasSize(6)
                .allMatch(SelfTest.Fault::found);
    }

    @Test
    void aTableThatDidNotAnswerIsNotEqual() {
        SortedMap<Integer, Cell> target = new TreeMap<>();
        target.put(0, Cell.EMPTY);
        assertThat(new CellRow(KeyRange.ALL, new TreeMap<>(), target, 0).unequalSlots(2))
                .containsExactly(1);
    }

    @Test
    void aRouteOutsideTheLayoutIsNotEqual() {
        SortedMap<Integer, Cell> source = new TreeMap<>();
        source.put(5, Cell.of(1, BigInteger.ONE, HASH, 0));
        SortedMap<Integer, Cell> target = new TreeMap<>();
        target.put(0, Cell.EMPTY);
        assertThat(new CellRow(KeyRange.ALL, source, target, 0).unequalSlots(1)).containsExactly(5);
    }

    @Test
    void misroutedRowsAreNotEqualWhateverTheHashSays() {
        SortedMap<Integer, Cell> source = new TreeMap<>();
        source.put(0, Cell.of(1, BigInteger.ONE, HASH, 0));
        SortedMap<Integer, Cell> target = new TreeMap<>();
        target.put(0, Cell.of(1, BigInteger.ONE, HASH, 1));
        assertThat(new CellRow(KeyRange.ALL, source, target, 0).unequalSlots(1)).containsExactly(0);
    }
}
