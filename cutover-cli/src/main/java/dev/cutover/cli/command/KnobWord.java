package dev.cutover.cli.command;

import dev.cutover.core.plan.CopyPlan;
import dev.cutover.migrator.throttle.Knob;
import java.math.BigDecimal;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import picocli.CommandLine.TypeConversionException;

/** What can be turned at the throttle, as people type and read it. */
enum KnobWord {
    MAX_LAG(
            "max-lag",
            Knob.MAX_LAG,
            "a duration of at least 1ms, such as 500ms, 2s or 1m",
            KnobWord::millis,
            plan -> Long.toString(plan.maxLag().toMillis())) {
        @Override
        String words(String setting) {
            return setting + "ms";
        }
    },
    MAX_LOAD(
            "max-load",
            Knob.MAX_LOAD,
            "a number of threads from 1 to 100000",
            KnobWord::threads,
            plan -> Integer.toString(plan.maxThreadsRunning())),
    NICE_RATIO(
            "nice-ratio",
            Knob.NICE_RATIO,
            "a number from 0, which never rests, to 100",
            KnobWord::ratio,
            plan -> BigDecimal.valueOf(plan.niceRatio()).stripTrailingZeros().toPlainString());

    // The plan's own bounds.
    private static final int MOST_THREADS = 100_000;
    private static final BigDecimal MOST_RATIO = BigDecimal.valueOf(100);

    private final String word;
    private final Knob knob;
    private final String expected;
    private final Function<String, Optional<String>> reader;
    private final Function<CopyPlan, String> planned;

    KnobWord(
            String word,
            Knob knob,
            String expected,
            Function<String, Optional<String>> reader,
            Function<CopyPlan, String> planned) {
        this.word = word;
        this.knob = knob;
        this.expected = expected;
        this.reader = reader;
        this.planned = planned;
    }

    String word() {
        return word;
    }

    /** Its name in the control database. */
    String setting() {
        return knob.setting();
    }

    /** What may be typed for it. */
    String expected() {
        return expected;
    }

    /** What is typed, as its setting; empty when it is not what is expected. */
    Optional<String> read(String typed) {
        return reader.apply(typed.strip());
    }

    /** The plan's value as a setting. */
    String planned(CopyPlan plan) {
        return planned.apply(plan);
    }

    /** A setting as people read it. */
    String words(String setting) {
        return setting;
    }

    static Stream<KnobWord> all() {
        return Stream.of(values());
    }

    private static Optional<String> millis(String typed) {
        try {
            long millis = new DurationWords().convert(typed).toMillis();
            return millis > 0 ? Optional.of(Long.toString(millis)) : Optional.empty();
        } catch (TypeConversionException e) {
            return Optional.empty();
        }
    }

    private static Optional<String> threads(String typed) {
        return typed.matches("[1-9][0-9]{0,5}") && Integer.parseInt(typed) <= MOST_THREADS
                ? Optional.of(typed)
                : Optional.empty();
    }

    private static Optional<String> ratio(String typed) {
        return typed.matches("[0-9]{1,3}(\\.[0-9]{1,6})?") && new BigDecimal(typed).compareTo(MOST_RATIO) <= 0
                ? Optional.of(typed)
                : Optional.empty();
    }
}
