package dev.cutover.coupon.meta;

import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.store.Sequences;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Numbers of {@code id_sequence}, a block at a time.
 *
 * <p>A block is reserved behind the open fence of the meta database, never in the caller's transaction: the row is locked for one short
 * commit instead of for a claim. So every block was taken while NEW held the truth, and a hand-over that later reads {@code next_value}
 * behind the closed fence is above all of them; a block may outlive switches in both directions. What a process has not used when it
 * ends is a gap.
 *
 * <p>Safe for many threads.
 */
public final class BlockSequences implements Sequences {
    private static final int BLOCK = 1000;

    private final MetaDatabase meta;
    private final Map<String, Block> blocks = new ConcurrentHashMap<>();

    private static final class Block {
        final ReentrantLock lock = new ReentrantLock();
        long next;
        long end;
    }

    public BlockSequences(MetaDatabase meta) {
        this.meta = meta;
    }

    @Override
    public List<Long> next(String sequence, int count) throws SQLException {
        Block block = blocks.computeIfAbsent(sequence, name -> new Block());
        List<Long> numbers = new ArrayList<>(count);
        block.lock.lock();
        try {
            while (numbers.size() < count) {
                if (block.next == block.end) {
                    int wanted = Math.max(BLOCK, count - numbers.size());
                    long first = reserve(sequence, wanted);
                    block.next = first;
                    block.end = first + wanted;
                }
                numbers.add(block.next++);
            }
        } finally {
            block.lock.unlock();
        }
        return numbers;
    }

    private long reserve(String sequence, int numbers) {
        return meta.write((connection, epoch) -> {
            int found = Sql.update(
                    connection,
                    "UPDATE id_sequence SET next_value = LAST_INSERT_ID(next_value) + ? WHERE name = ?",
                    numbers,
                    sequence);
            if (found == 0) {
                throw new IllegalStateException("The meta database has no sequence '" + sequence
                        + "': the switch to NEW writes it in its hand-over step; see handover.sequences in the plan.");
            }
            return Sql.first(connection, row -> row.getLong(1), "SELECT LAST_INSERT_ID()")
                    .orElseThrow();
        });
    }
}
