package dev.cutover.migrator.stream;

import com.github.shyiko.mysql.binlog.BinaryLogClient;
import com.github.shyiko.mysql.binlog.event.deserialization.EventDeserializer;
import io.debezium.config.Configuration;
import io.debezium.connector.mysql.MySqlConnectorConfig;
import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import java.util.Properties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads what the first stream of a process needs, the engine and its settings, beside the reading of the plan and of the register and not after
 * it. Safe for many threads.
 */
public final class EngineWarmUp {
    private static final Logger LOG = LoggerFactory.getLogger(EngineWarmUp.class);

    private EngineWarmUp() {}

    /** Begins on a thread of its own. */
    public static void begin() {
        Thread thread = new Thread(EngineWarmUp::run, "engine-warm-up");
        thread.setDaemon(true);
        thread.start();
    }

    /** The same on this thread. A failure is no more than a slower start: the stream will meet it, and say so. */
    public static void run() {
        try {
            Properties settings = EngineSettings.of("warm-up");
            LOG.debug("{}", new MySqlConnectorConfig(Configuration.from(settings)).getConnectorName());
            LOG.debug(
                    "{}",
                    DebeziumEngine.create(Connect.class)
                            .using(settings)
                            .notifying((records, committer) -> {})
                            .build());
            new BinaryLogClient("localhost", 1, "", "").setEventDeserializer(new EventDeserializer());
        } catch (RuntimeException e) {
            LOG.debug("The engine was not warmed up", e);
        }
    }
}
