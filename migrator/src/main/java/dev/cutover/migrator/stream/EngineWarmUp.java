package dev.cutover.migrator.stream;

import com.github.shyiko.mysql.binlog.BinaryLogClient;
import com.github.shyiko.mysql.binlog.event.deserialization.EventDeserializer;
import io.debezium.config.Configuration;
import io.debezium.connector.mysql.MySqlConnectorConfig;
import io.debezium.connector.mysql.antlr.MySqlAntlrDdlParser;
import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.relational.Tables;
import java.util.Properties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads what the first stream of a process needs: the engine, its settings, and above all its SQL parser with its large tables. Beside the
 * reading of the plan and of the register, not after it. Safe for many threads.
 */
public final class EngineWarmUp {
    private static final Logger LOG = LoggerFactory.getLogger(EngineWarmUp.class);
    private static final String TABLE = "CREATE TABLE `t` (`id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,"
            + " `a` int(11) NOT NULL DEFAULT '0' COMMENT 'a', `b` varchar(32) COLLATE utf8mb4_bin DEFAULT NULL,"
            + " `c` decimal(10,2) NOT NULL, `d` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),"
            + " `e` tinyint(4) NOT NULL, `f` json DEFAULT NULL, `g` longblob, `h` enum('x','y') DEFAULT 'x',"
            + " PRIMARY KEY (`id`), UNIQUE KEY `u` (`a`,`b`), KEY `k` (`d`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";

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
            new MySqlAntlrDdlParser(Tables.TableFilter.includeAll()).parse(TABLE, new Tables());
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
