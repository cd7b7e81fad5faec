package dev.cutover.proxy.intake;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.routing.ShardLayout;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;

/**
 * The register as a unit of work acts on it, frozen for the unit. Immutable.
 *
 * @param register what was read
 * @param truth the side to write to
 * @param epoch the epoch its fences have to show
 */
public record RoutingView(Register register, Side truth, Epoch epoch) {
    // 2^64 / golden ratio and the mixer of SplitMix64; nothing in common with CRC-32, by which rows are routed.
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    /**
     * While a switch is claimed and not decided, writes go on where they were, in the epoch before the claim, until the fence stops them;
     * once it is decided, they go where the decision sends them, database by database as the fences open.
     */
    public static RoutingView of(Register register) {
        if (register.phase() == Register.Phase.STABLE) {
            return new RoutingView(register, register.truth(), register.epoch());
        }
        Side to = register.switchTo();
        return switch (register.decision()) {
            case NONE ->
                new RoutingView(
                        register, register.truth(), new Epoch(register.epoch().number() - 1));
            case COMMIT ->
                new RoutingView(register, to == null ? register.truth().other() : to, register.epoch());
            case ABORT -> new RoutingView(register, register.truth(), register.epoch());
        };
    }

    public long version() {
        return register.version();
    }

    public boolean mirrors() {
        return register.mirror();
    }

    /** The database of a slot on a side. */
    public static DatabaseId database(Side side, ShardLayout layout, int slot) {
        return side == Side.OLD ? DatabaseId.OLD : DatabaseId.shard(layout.databaseOf(slot));
    }

    /** The side a reader of this key is served from. */
    public Side readSide(long shardKey) {
        return truth == Side.OLD && bucket(shardKey) < register.readPercent() ? Side.NEW : truth;
    }

    /** A number from 0 to 99 that stays with a key and does not depend on its route. */
    static int bucket(long shardKey) {
        long mixed = shardKey + GOLDEN;
        mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return (int) Long.remainderUnsigned(mixed ^ (mixed >>> 31), 100);
    }
}
