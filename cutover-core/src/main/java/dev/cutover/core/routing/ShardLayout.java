package dev.cutover.core.routing;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/**
 * N databases of M physical tables each; {@code h = CRC32(key)}, {@code database = h / M % N}, {@code table = h % M}.
 *
 * <p>Both numbers are one: {@code slot = h % (N * M) = database * M + table}. The hash is CRC-32 (IEEE 802.3, as MySQL's {@code CRC32()})
 * of the key's decimal text or UTF-8 bytes, so SQL, Java and an operator at a prompt agree.
 *
 * @param databases N, at least 1
 * @param tables M, physical tables a database, at least 1; N * M is at most 1024, ten bits of an id
 */
public record ShardLayout(int databases, int tables) {
    public ShardLayout {
        if (databases < 1 || tables < 1 || (long) databases * tables > 1024) {
            throw new IllegalArgumentException("A layout has 1 to 1024 physical tables in total, not " + databases
                    + " databases x " + tables + " tables.");
        }
    }

    public int slots() {
        return databases * tables;
    }

    /** The slot of a numeric shard key. */
    public int slot(long key) {
        return slot(Long.toString(key));
    }

    /** The slot of a shard key given as text: decimal without leading zeros for numbers. */
    public int slot(String key) {
        CRC32 crc = new CRC32();
        crc.update(key.getBytes(StandardCharsets.UTF_8));
        return (int) (crc.getValue() % slots());
    }

    public int databaseOf(int slot) {
        return slot / tables;
    }

    public int tableOf(int slot) {
        return slot % tables;
    }

    /** The same as {@link #slot} in SQL, for a key expression; NULL for a NULL key. */
    public String slotSql(String keyExpression) {
        return "(CRC32(CONVERT(" + keyExpression + " USING utf8mb4)) % " + slots() + ")";
    }

    /** The physical table of a slot: the logical name and the table number inside its database. */
    public String physicalTable(String logicalName, int slot) {
        int table = tableOf(slot);
        // Asked several times a write; a format string would be read anew each time.
        return logicalName + (table < 10 ? "_00" : table < 100 ? "_0" : "_") + table;
    }
}
