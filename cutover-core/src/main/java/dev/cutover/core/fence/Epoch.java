package dev.cutover.core.fence;

/**
 * Counts the switches ever claimed; only grows.
 *
 * @param number from 0
 */
public record Epoch(long number) implements Comparable<Epoch> {
    public Epoch {
        if (number < 0) {
            throw new IllegalArgumentException("An epoch is not negative: " + number);
        }
    }

    public Epoch next() {
        return new Epoch(number + 1);
    }

    @Override
    public int compareTo(Epoch other) {
        return Long.compare(number, other.number);
    }

    @Override
    public String toString() {
        return Long.toString(number);
    }
}
