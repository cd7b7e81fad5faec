package dev.cutover.sandbox.wire;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * What a fault does to each connection it is aimed at.
 *
 * @param delays how much later the bytes of a direction arrive
 * @param held directions in which nothing arrives
 * @param turnsAway whether a new connection is reset when its client has said who it is
 * @param cutAfter bytes to the client after which a connection is reset; negative: never
 * @param statements the statements of which one goes without an answer
 * @param swallowed which of these statements, counted from 1; 0: none
 * @param rewriting what the server gets instead of a statement
 */
record Effect(
        Map<Direction, Duration> delays,
        Set<Direction> held,
        boolean turnsAway,
        long cutAfter,
        Predicate<String> statements,
        int swallowed,
        UnaryOperator<String> rewriting) {
    private static final long NEVER = -1;
    private static final Predicate<String> NONE = statement -> false;
    private static final UnaryOperator<String> AS_IT_IS = statement -> statement;

    Effect {
        delays = Map.copyOf(delays);
        held = Set.copyOf(held);
    }

    static Effect delay(Map<Direction, Duration> delays) {
        return new Effect(new EnumMap<>(delays), Set.of(), false, NEVER, NONE, 0, AS_IT_IS);
    }

    static Effect hold(Set<Direction> directions) {
        return new Effect(Map.of(), directions, false, NEVER, NONE, 0, AS_IT_IS);
    }

    static Effect turnAway() {
        return new Effect(Map.of(), Set.of(), true, NEVER, NONE, 0, AS_IT_IS);
    }

    static Effect cut(long bytes) {
        return new Effect(Map.of(), Set.of(), false, bytes, NONE, 0, AS_IT_IS);
    }

    static Effect swallow(Predicate<String> statements, int number) {
        return new Effect(Map.of(), Set.of(), false, NEVER, statements, number, AS_IT_IS);
    }

    static Effect rewrite(UnaryOperator<String> rewriting) {
        return new Effect(Map.of(), Set.of(), false, NEVER, NONE, 0, rewriting);
    }

    Duration delay(Direction direction) {
        return delays.getOrDefault(direction, Duration.ZERO);
    }

    boolean rewrites() {
        return rewriting != AS_IT_IS;
    }

    boolean cuts() {
        return cutAfter >= 0;
    }
}
