package dev.cutover.core.stage;

import java.time.Instant;

/**
 * A running process as it last reported itself.
 *
 * @param kind {@code proxy} or {@code worker}
 * @param registerVersion the version of the register it acts on
 * @param mode its write mode, as people read it
 * @param heartbeatAt database time of the report; ignored when reporting
 * @param statusJson its counters, JSON text
 */
public record Instance(
        String id,
        String kind,
        String host,
        long pid,
        String toolVersion,
        long registerVersion,
        long epoch,
        String mode,
        Instant heartbeatAt,
        String statusJson) {}
