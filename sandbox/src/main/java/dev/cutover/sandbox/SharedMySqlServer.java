package dev.cutover.sandbox;

import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The one server of this JVM. Safe for many threads. */
final class SharedMySqlServer {
    private static final ReentrantLock STARTING = new ReentrantLock();

    // The one piece of static state: JUnit gives the classes of a test run nothing else in common. A failed start
    // leaves it
    // empty, so that the next test gets the reason again and not a class that could not be initialised.
    private static final AtomicReference<@Nullable MySqlServer> SERVER = new AtomicReference<>();

    private SharedMySqlServer() {}

    static MySqlServer get() {
        STARTING.lock();
        try {
            MySqlServer running = SERVER.get();
            return running == null ? start() : running;
        } finally {
            STARTING.unlock();
        }
    }

    private static MySqlServer start() {
        MySqlServer server = MySqlServer.start("shared");
        Runtime.getRuntime().addShutdownHook(new Thread(server::close));
        SERVER.set(server);
        return server;
    }
}
