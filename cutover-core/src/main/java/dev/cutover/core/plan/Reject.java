package dev.cutover.core.plan;

/**
 * Names rows that cannot be mapped.
 *
 * @param when a condition over OLD; the row goes to quarantine when it is true
 * @param reason one word for the quarantine
 */
public record Reject(String when, String reason) {}
