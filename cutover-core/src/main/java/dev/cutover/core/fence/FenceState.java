package dev.cutover.core.fence;

/**
 * The fence row of one database as it was read.
 *
 * @param epoch the epoch of its last move
 * @param role who may write
 * @param mapVersion the routing map the row was written under
 * @param sameServer whether the row was written by the server that answered; false after a failover that nobody adopted
 */
public record FenceState(Epoch epoch, Role role, int mapVersion, boolean sameServer) {
    /** What a missing row means: nobody may write, in no epoch. */
    public static final FenceState MISSING = new FenceState(new Epoch(0), Role.CLOSING, 0, true);

    /** Whether a holder of {@code role} in {@code epoch} may write now. */
    public boolean admits(Role wanted, Epoch inEpoch) {
        return role == wanted && epoch.equals(inEpoch) && sameServer;
    }

    /** For messages: {@code replica, epoch 3}. */
    public String describe() {
        return role.word() + ", epoch " + epoch + (sameServer ? "" : ", written by another server");
    }
}
