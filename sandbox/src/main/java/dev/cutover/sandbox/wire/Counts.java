package dev.cutover.sandbox.wire;

/**
 * What has gone through a proxy so far.
 *
 * @param connections accepted
 * @param open of these, open now
 * @param toServer bytes
 * @param toClient bytes
 * @param statements that clients sent
 * @param resets connections that the proxy reset, for whatever reason
 */
public record Counts(long connections, long open, long toServer, long toClient, long statements, long resets) {}
