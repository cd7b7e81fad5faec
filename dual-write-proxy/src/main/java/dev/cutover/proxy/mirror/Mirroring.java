package dev.cutover.proxy.mirror;

import dev.cutover.core.fence.Epoch;

/**
 * The part of a committed unit that waits to be written to one database.
 *
 * @param stream the stream that delivers the unit's transaction, too
 * @param gtid the unit's transaction on the side it was committed on
 * @param acceptedAt {@link System#nanoTime} of its hand-over
 */
record Mirroring(MirrorPart part, String stream, Epoch epoch, String gtid, long acceptedAt) {
    boolean goesWith(Mirroring other) {
        return stream.equals(other.stream) && epoch.equals(other.epoch);
    }
}
