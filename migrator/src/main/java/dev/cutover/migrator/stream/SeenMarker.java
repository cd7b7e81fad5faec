package dev.cutover.migrator.stream;

/**
 * A write to {@code cutover_marker} that came by.
 *
 * @param name the row's {@code stream} column
 * @param nonce what was written
 */
public record SeenMarker(String name, String nonce) {}
