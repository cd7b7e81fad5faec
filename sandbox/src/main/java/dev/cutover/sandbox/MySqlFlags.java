package dev.cutover.sandbox;

import java.nio.file.Path;
import java.util.List;

/** The flags each server of the sandbox starts with; a user's own come after them and win. */
final class MySqlFlags {
    private MySqlFlags() {}

    static List<String> forServer(Path folder, int port) {
        return List.of(
                "--datadir=" + folder.resolve("data"),
                "--tmpdir=" + folder.resolve("tmp"),
                "--log-error=" + folder.resolve("error.log"),
                "--pid-file=" + folder.resolve("mysqld.pid"),
                // Relative to the data folder: the path of a socket may not be longer than 107 bytes.
                "--socket=mysqld.sock",
                "--bind-address=127.0.0.1",
                "--port=" + port,
                "--mysqlx=OFF",
                "--skip-name-resolve",
                "--max-connections=400",
                "--default-time-zone=+00:00",
                // A port has one server at a time, so its number is unique among the servers that run.
                "--server-id=" + port,
                "--log-bin=binlog",
                "--binlog-format=ROW",
                "--binlog-row-image=FULL",
                "--gtid-mode=ON",
                "--enforce-gtid-consistency=ON",
                "--sync-binlog=1",
                "--innodb-flush-log-at-trx-commit=1",
                "--log-bin-trust-function-creators=1",
                "--innodb-buffer-pool-size=256M",
                "--innodb-log-file-size=48M",
                // A warm buffer pool is no use to a server that lives for one test.
                "--innodb-buffer-pool-dump-at-shutdown=OFF",
                "--innodb-buffer-pool-load-at-startup=OFF",
                // The kernel's supply of asynchronous requests is shared by all servers of the machine.
                "--innodb-read-io-threads=2",
                "--innodb-write-io-threads=2",
                "--innodb-purge-threads=1",
                // As newer servers have it by themselves: on pages that all are in memory it costs more than it finds.
                "--innodb-adaptive-hash-index=OFF",
                "--innodb-page-cleaners=1",
                // With a core or two, who spins for a lock keeps its owner from running.
                "--innodb-sync-spin-loops=0",
                "--performance-schema=ON",
                // Transactions, statements and metadata locks tell who is in the way; nobody asks for the rest.
                "--performance-schema-instrument=memory/%=OFF",
                "--performance-schema-instrument=wait/synch/%=OFF",
                "--performance-schema-instrument=wait/io/file/%=OFF",
                "--performance-schema-instrument=wait/io/socket/%=OFF",
                "--performance-schema-digests-size=1000",
                "--performance-schema-events-statements-history-long-size=100",
                "--performance-schema-events-waits-history-long-size=100",
                "--performance-schema-events-stages-history-long-size=100",
                "--performance-schema-events-transactions-history-long-size=100");
    }
}
