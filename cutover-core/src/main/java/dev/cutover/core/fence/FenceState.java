package dev.cutover.core.fence;

/**
 * The fence row of one database as it was read.
 *
 * @param epoch the epoch of its last move
 * @param role who may write
 * @param mapVersion the routing map the row was written under
 * @param sameServer whether the row was written by the server that answered; false after a failover that nobody adopted
 */
public record FenceState(Epoch epoch, Role role, int mapVersion, boolean sameServer) {}
