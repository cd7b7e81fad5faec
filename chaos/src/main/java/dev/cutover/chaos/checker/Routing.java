package dev.cutover.chaos.checker;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/** Which physical table of NEW a user belongs to: CRC32 of the decimal text, worked out anew. Stateless. */
record Routing(int shards, int tablesPerShard) {
    static Routing of(Layout layout) {
        return new Routing(layout.shards().size(), layout.tablesPerShard());
    }

    int slot(long user) {
        CRC32 crc = new CRC32();
        crc.update(Long.toString(user).getBytes(StandardCharsets.US_ASCII));
        return (int) (crc.getValue() % ((long) shards * tablesPerShard));
    }

    int shard(long user) {
        return slot(user) / tablesPerShard;
    }

    int table(long user) {
        return slot(user) % tablesPerShard;
    }
}
