package dev.cutover.chaos.checker;

import dev.cutover.chaos.checker.Layout.Place;
import dev.cutover.chaos.history.Side;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One fenced database as its binlog tells of it: its fence, its positions, and which operations its ledger holds, after the transactions read so
 * far. Owned by one thread.
 */
final class FenceWatch {
    /** What the fence lets pass; {@code NONE} before its row is there, and when it is gone. */
    enum Role {
        NONE,
        PRIMARY,
        CLOSING,
        REPLICA;

        static Role of(String word) {
            return switch (word) {
                case "primary" -> PRIMARY;
                case "closing" -> CLOSING;
                case "replica" -> REPLICA;
                default -> throw new EvidenceUnreadableException("A fence has the unknown role '" + word + "'.", null);
            };
        }
    }

    /** How far a stream had come. */
    record Position(long epoch, long owner, GtidRanges set, String text) {}

    final Place place;
    final Side side;
    /** The number of the shard; -1 on OLD and meta. */
    final int shard;

    Role role = Role.NONE;
    long epoch;
    String movedAt = "no fence event yet";
    boolean seen;
    final BitSet ledger = new BitSet();
    final Map<String, Position> positions = new HashMap<>();
    private final Map<String, Optional<BankTable.Physical>> names = new HashMap<>();

    FenceWatch(Place place, Side side, int shard) {
        this.place = place;
        this.side = side;
        this.shard = shard;
    }

    /** The table of the bank that has this name here. */
    Optional<BankTable.Physical> table(String name) {
        return names.computeIfAbsent(name, any -> BankTable.named(side, any));
    }

    String fence() {
        return role == Role.NONE ? "no fence" : "fence (" + role + ", " + epoch + ") of " + movedAt;
    }
}
