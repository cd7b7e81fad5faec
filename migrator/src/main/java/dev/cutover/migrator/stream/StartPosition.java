package dev.cutover.migrator.stream;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.connect.runtime.WorkerConfig;
import org.apache.kafka.connect.storage.MemoryOffsetBackingStore;

/**
 * Debezium's offset store, filled with one GTID set before Debezium looks. Nothing is ever kept: positions live with the rows they
 * belong to, in the target databases. Made by Debezium by name.
 */
public final class StartPosition extends MemoryOffsetBackingStore {
    static final String GTID_SET = "cutover.start.gtid.set";

    @Override
    public void configure(WorkerConfig config) {
        super.configure(config);
        Map<String, String> settings = config.originalsStrings();
        String key = "[\"" + settings.get("name") + "\",{\"server\":\"" + settings.get("topic.prefix") + "\"}]";
        // File and offset are required by the format and never used where there is a GTID set.
        String value = "{\"file\":\"\",\"pos\":4,\"gtids\":\"" + settings.get(GTID_SET) + "\"}";
        data.put(bytes(key), bytes(value));
    }

    @Override
    public Set<Map<String, Object>> connectorPartitions(String connectorName) {
        return Set.of();
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
