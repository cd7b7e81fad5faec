package dev.cutover.coupon.idempotency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.operation.Deadline;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.store.CouponDatabases;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

final class OperationsTest {
    private static final int DEADLOCK = 1213;
    private static final long A_MILLISECOND = 1_000_000;

    private final List<Long> pauses = new ArrayList<>();

    /** Loses a lock so often, and answers then. */
    private static final class Losing implements CouponDatabases {
        private final int losses;
        private int asked;

        Losing(int losses) {
            this.losses = losses;
        }

        @Override
        @SuppressWarnings("unchecked")
        public <T> T write(long userId, Duration budget, Write<T> write) {
            if (asked++ < losses) {
                throw new DatabaseTroubleException("A claim", new SQLException("Deadlock found", "40001", DEADLOCK));
            }
            return (T) new Answer("{}", false);
        }

        @Override
        public <T> T read(long userId, Read<T> read) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <T> T readFresh(long userId, Duration budget, Read<T> read) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Side truth() {
            return Side.NEW;
        }

        @Override
        public Epoch epoch() {
            return new Epoch(1);
        }

        @Override
        public boolean frozen() {
            return false;
        }
    }

    private Answer perform(Losing databases, Deadline deadline) {
        return new Operations(databases, InstantSource.system(), pauses::add)
                .perform(Operation.of(1, "claim", "k", "1"), deadline, (store, unit, now) -> "{}");
    }

    @Test
    void whoLosesALockComesBackAfterAPauseThatGrowsAndIsNeverTheSame() {
        Losing databases = new Losing(40);
        assertThat(perform(databases, Deadline.after(Duration.ofMinutes(1))).json())
                .isEqualTo("{}");
        assertThat(pauses).hasSize(40).allMatch(pause -> pause > 0 && pause <= 16 * A_MILLISECOND);
        assertThat(pauses.get(0)).isLessThanOrEqualTo(A_MILLISECOND);
        assertThat(pauses.subList(0, 4)).allMatch(pause -> pause <= 8 * A_MILLISECOND);
        assertThat(new HashSet<>(pauses)).hasSizeGreaterThan(30);
    }

    @Test
    void whoLosesALockForEverIsToldSoAfterAHundredTimesOrWhenTheTimeIsOver() {
        assertThatThrownBy(() -> perform(new Losing(1_000), Deadline.after(Duration.ofMinutes(1))))
                .isInstanceOf(DatabaseTroubleException.class);
        assertThat(pauses).hasSize(99);
        pauses.clear();
        assertThatThrownBy(() -> perform(new Losing(1_000), Deadline.after(Duration.ZERO)))
                .isInstanceOf(DatabaseTroubleException.class);
        assertThat(pauses).isEmpty();
    }
}
