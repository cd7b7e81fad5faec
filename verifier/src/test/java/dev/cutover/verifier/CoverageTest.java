package dev.cutover.verifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.core.row.KeyRange;
import dev.cutover.core.row.RowKey;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CoverageTest {
    @Test
    void rangesThatMeetAndAreOpenAtBothEndsAreWhole() {
        List<KeyRange> ranges = List.of(range(null, 5L), range(5L, 9L), range(9L, null));
        assertThat(Coverage.requireWhole("t", ranges)).isEqualTo(ranges);
        assertThat(Coverage.requireWhole("t", List.of(KeyRange.ALL))).hasSize(1);
    }

    @Test
    void noRangesAGapAnOverlapOrAClosedEndAreRefused() {
        refused(List.of());
        refused(List.of(range(null, 5L), range(6L, null)));
        refused(List.of(range(null, 5L), range(4L, null)));
        refused(List.of(range(null, 5L)));
        refused(List.of(range(0L, null)));
        refused(List.of(range(null, null), range(null, null)));
    }

    private static void refused(List<KeyRange> ranges) {
        assertThatThrownBy(() -> Coverage.requireWhole("t", ranges)).isInstanceOf(VerificationFailedException.class);
    }

    private static KeyRange range(@Nullable Long lo, @Nullable Long hi) {
        return new KeyRange(lo == null ? null : RowKey.of(lo), hi == null ? null : RowKey.of(hi));
    }
}
