package dev.cutover.cli.shop;

import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.topology.Topology;
import dev.cutover.migrator.MigrationWorker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

/** A worker in a thread of this JVM, until it is closed. */
public final class WorkerThread implements AutoCloseable {
    private static final long END_MILLIS = 20_000;

    private final MigrationWorker worker;
    private final Thread thread;

    private WorkerThread(MigrationWorker worker) {
        this.worker = worker;
        this.thread = new Thread(worker::run, "worker-of-a-test");
        thread.setDaemon(true);
    }

    public static WorkerThread start(Topology topology, ControlDatabase control, String name) {
        WorkerThread started = new WorkerThread(
                new MigrationWorker(topology.plan(), topology, control, name, new SimpleMeterRegistry()));
        started.thread.start();
        return started;
    }

    @Override
    public void close() {
        worker.close();
        try {
            thread.join(END_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
