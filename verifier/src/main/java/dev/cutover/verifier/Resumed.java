package dev.cutover.verifier;

import java.time.Instant;

/**
 * The interrupted run that a run went on with.
 *
 * @param runId the first of them
 * @param startedAt when that one began; nothing in the report is older
 * @param ranges how many key ranges were proven before, and not read again
 */
public record Resumed(String runId, Instant startedAt, int ranges) {}
