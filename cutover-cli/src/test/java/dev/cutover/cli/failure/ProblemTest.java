package dev.cutover.cli.failure;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.SocketException;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ProblemTest {
    @Test
    void exitCodesNeverChange() {
        Map<ExitCode, Integer> numbers =
                Arrays.stream(ExitCode.values()).collect(Collectors.toMap(code -> code, ExitCode::number));
        assertThat(numbers)
                .containsExactlyInAnyOrderEntriesOf(Map.ofEntries(
                        Map.entry(ExitCode.DONE, 0),
                        Map.entry(ExitCode.BUG, 1),
                        Map.entry(ExitCode.USAGE, 2),
                        Map.entry(ExitCode.DIFFERENCES, 3),
                        Map.entry(ExitCode.REFUSED, 4),
                        Map.entry(ExitCode.NOT_CONFIRMED, 5),
                        Map.entry(ExitCode.UNREACHABLE, 6),
                        Map.entry(ExitCode.TIMED_OUT, 7),
                        Map.entry(ExitCode.CONFLICT, 8),
                        Map.entry(ExitCode.HALF_WAY, 9),
                        Map.entry(ExitCode.PLAN_INVALID, 10)));
    }

    @Test
    void everyProblemHasACodeOfItsOwnThatBeginsWithItsExitCode() {
        assertThat(Arrays.stream(Problem.values()).map(Problem::code)).doesNotHaveDuplicates();
        assertThat(Problem.WRONG_ORDER.code()).isEqualTo("CUT-0401");
        assertThat(Problem.PLAN_INVALID.code()).isEqualTo("CUT-1001");
    }

    @Test
    void aResetUnderAStatementIsALostConnectionAlsoWhereTheDriverDoesNotSaySo() {
        SQLException asTheDriverPutsIt =
                new SQLException("Connection reset", "S1000", new SocketException("Connection reset"));
        CommandFailedException shaped = Failures.shape(new IllegalStateException("could not read", asTheDriverPutsIt));
        assertThat(shaped.problem()).isEqualTo(Problem.CONNECTION_LOST);
    }

    @Test
    void whatIsNotForeseenIsABugWithAnIdAndWithoutItsStack() {
        CommandFailedException shaped = Failures.shape(new IllegalStateException("first line\nsecond line"));
        assertThat(shaped.problem()).isEqualTo(Problem.BUG);
        assertThat(shaped.sentence()).contains("first line").contains("(bug ").doesNotContain("second line");
    }

    @Test
    void aConnectionThatBreaksHalfWayIsNoBugAndSaysWhatToDo() {
        SQLException cause = new SQLException("Communications link failure", "08S01");
        CommandFailedException shaped = Failures.shape(new IllegalStateException("Could not read the clock", cause));
        assertThat(shaped.problem()).isEqualTo(Problem.CONNECTION_LOST);
        assertThat(shaped.problem().exit()).isEqualTo(ExitCode.HALF_WAY);
        assertThat(shaped.sentence()).contains("Could not read the clock").contains("stands");
        assertThat(shaped.fix()).contains("cutover status");
    }
}
