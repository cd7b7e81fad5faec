package dev.cutover.chaos.checker;

/**
 * Something that contradicts the promise.
 *
 * @param invariant {@code I1} to {@code I14}, or {@code E} when the evidence itself cannot be trusted
 * @param what the rule, the same words for every case of it
 * @param detail the case: op id, server, binlog file:position, values
 */
public record Violation(String invariant, String what, String detail) {}
