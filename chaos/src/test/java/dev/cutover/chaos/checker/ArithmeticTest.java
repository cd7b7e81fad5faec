package dev.cutover.chaos.checker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ArithmeticTest {
    private static final String A = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
    private static final String B = "4e11fa47-71ca-11e1-9e33-c80aa9429562";

    @Test
    void aGtidSetContainsWhatItCovers() {
        GtidRanges set = GtidRanges.parse(A + ":1-5:7-9,\n" + B + ":3");

        assertThat(set.contains(GtidRanges.parse(""))).isTrue();
        assertThat(set.contains(GtidRanges.parse(A + ":2-4:9"))).isTrue();
        assertThat(set.contains(GtidRanges.parse(A.toUpperCase(Locale.ROOT) + ":8," + B + ":3-3")))
                .isTrue();
        assertThat(set.contains(GtidRanges.parse(A + ":5-7"))).isFalse();
        assertThat(set.contains(GtidRanges.parse(B + ":3-4"))).isFalse();
        assertThat(GtidRanges.parse(A + ":1").contains(set)).isFalse();
        assertThat(GtidRanges.parse(A + ":4-9:1-3").contains(GtidRanges.parse(A + ":1-9")))
                .isTrue();
    }

    @Test
    void aUserBelongsToTheSlotThatMySqlWorksOut() {
        // SELECT CRC32('1'), CRC32('12345')
        assertThat(new Routing(4, 8).slot(1)).isEqualTo((int) (2212294583L % 32));
        assertThat(new Routing(4, 8).slot(12345)).isEqualTo((int) (3421846044L % 32));
    }

    @Test
    void onlyWhatIsOnACycleIsAKnot() {
        DependencyGraph graph = new DependencyGraph();
        for (int i = 0; i < 7; i++) {
            graph.node();
        }
        int[][] edges = {{0, 1}, {1, 2}, {2, 1}, {2, 3}, {4, 5}, {5, 6}, {6, 4}, {0, 6}};
        for (int[] edge : edges) {
            graph.edge(edge[0], edge[1]);
        }

        assertThat(graph.knots().stream().map(Set::copyOf).toList())
                .containsExactlyInAnyOrder(Set.of(1, 2), Set.of(4, 5, 6));
    }

    @Test
    void aLongChainNeedsNoStack() {
        DependencyGraph graph = new DependencyGraph();
        int before = graph.node();
        for (int i = 1; i < 300_000; i++) {
            int next = graph.node();
            graph.edge(before, next);
            before = next;
        }
        assertThat(graph.knots()).isEmpty();
        graph.edge(before, 0);
        assertThat(graph.knots()).extracting(List::size).containsExactly(300_000);
    }
}
