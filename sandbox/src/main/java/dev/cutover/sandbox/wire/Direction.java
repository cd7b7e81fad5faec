package dev.cutover.sandbox.wire;

/** Which way bytes go. */
public enum Direction {
    TO_SERVER,
    TO_CLIENT
}
