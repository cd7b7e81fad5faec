package dev.cutover.core.stage;

import java.time.Instant;

/**
 * The right to be the only one doing something, until a moment of database time.
 *
 * @param token grows with every grant, so that what an earlier holder still does can be told from what this one does
 */
public record Lease(String name, String owner, long token, Instant until) {}
