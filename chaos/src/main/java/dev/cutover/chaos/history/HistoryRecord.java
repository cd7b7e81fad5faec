package dev.cutover.chaos.history;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;

/** One line of the history. */
public sealed interface HistoryRecord {
    /** {@code System.nanoTime()} of the one process that writes the history. */
    long at();

    /** Milliseconds since 1970 on the clock that the servers of this host share. */
    long wall();

    /** The word under {@code type}. */
    String type();

    /** A line about one operation of one client. */
    sealed interface OfOperation extends HistoryRecord {
        int process();

        String op();
    }

    /** A client is about to ask for the first time; {@code op} is unique over the run. */
    record Invoke(long at, long wall, int process, String op, int user, Request request) implements OfOperation {
        @Override
        public String type() {
            return "invoke";
        }
    }

    /**
     * It is done: it was written, or read.
     *
     * @param epoch the epoch its unit ran in
     * @param side the side its unit ran on
     * @param result the legacy coupon id of a claim, redeem or release; 0 otherwise
     * @param lists of a read: op ids by probe; a probe that is not there may be missing
     */
    record Ok(
            long at,
            long wall,
            int process,
            String op,
            long epoch,
            Side side,
            long result,
            SortedMap<Integer, List<String>> lists)
            implements OfOperation {
        public Ok {
            TreeMap<Integer, List<String>> copied = new TreeMap<>();
            lists.forEach((key, list) -> copied.put(key, List.copyOf(list)));
            lists = Collections.unmodifiableSortedMap(copied);
        }

        /** A write that is done. */
        public static Ok written(long at, long wall, int process, String op, long epoch, Side side, long result) {
            return new Ok(at, wall, process, op, epoch, side, result, new TreeMap<>());
        }

        /** A read that is done. */
        public static Ok read(
                long at, long wall, int process, String op, long epoch, Side side, Map<Integer, List<String>> lists) {
            return new Ok(at, wall, process, op, epoch, side, 0, new TreeMap<>(lists));
        }

        @Override
        public String type() {
            return "ok";
        }
    }

    /** Certainly nothing was written. */
    record Fail(long at, long wall, int process, String op, String why) implements OfOperation {
        @Override
        public String type() {
            return "fail";
        }
    }

    /** Nobody knows whether it was written, or ever will be. */
    record Info(long at, long wall, int process, String op, String why) implements OfOperation {
        @Override
        public String type() {
            return "info";
        }
    }

    /**
     * Something was broken, or is whole again. The checker gives one family of kinds a meaning: between the begin and the end of a
     * {@code corrupt…} fault a row is planted that the verifier must find.
     */
    record Fault(long at, long wall, String kind, Phase phase, String detail) implements HistoryRecord {
        @Override
        public String type() {
            return "fault";
        }
    }

    /** A command of the toolkit; {@code exit} when it has ended by itself. */
    record Command(long at, long wall, Phase phase, String words, OptionalInt exit) implements HistoryRecord {
        @Override
        public String type() {
            return "command";
        }
    }

    /** What a verification said. */
    record Gate(long at, long wall, String verdict, long epoch) implements HistoryRecord {
        @Override
        public String type() {
            return "gate";
        }
    }
}
