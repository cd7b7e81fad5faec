/**
 * Listens to the binlog of one server: a GTID set and the tables to watch come in, whole source transactions of changed keys go out;
 * the only room that knows Debezium, entered through {@link dev.cutover.migrator.stream.ChangeStream}.
 */
@NullMarked
package dev.cutover.migrator.stream;

import org.jspecify.annotations.NullMarked;
