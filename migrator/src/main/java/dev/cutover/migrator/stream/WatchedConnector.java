package dev.cutover.migrator.stream;

import io.debezium.connector.mysql.MySqlConnector;
import org.apache.kafka.connect.connector.Task;

/** Debezium's MySQL connector with {@link WatchedTask} as its task. Made by Debezium by name. */
public final class WatchedConnector extends MySqlConnector {
    @Override
    public Class<? extends Task> taskClass() {
        return WatchedTask.class;
    }
}
