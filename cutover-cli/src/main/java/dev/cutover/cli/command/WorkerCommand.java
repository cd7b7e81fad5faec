package dev.cutover.cli.command;

import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.step.Narrator;
import dev.cutover.cli.step.SwitchWatchdog;
import dev.cutover.migrator.MigrationWorker;
import dev.cutover.migrator.stream.EngineWarmUp;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code cutover worker}. */
@Command(
        name = "worker",
        header =
                "Run the worker: streams, copies, and settles switches whose coordinator died. Any number; one is active.",
        footer = {"", "Example:", "  cutover worker      ends with Ctrl-C or SIGTERM after the batch it is at"})
final class WorkerCommand implements Callable<Integer> {
    private static final long WATCH_MILLIS = 500;

    @Mixin
    Invocation invocation = new Invocation();

    @Override
    public Integer call() {
        String id = "worker-" + host() + "-" + ProcessHandle.current().pid();
        EngineWarmUp.begin();
        try (Migration migration = invocation.open()) {
            migration.register();
            ScheduledExecutorService watchdog = Executors.newSingleThreadScheduledExecutor(runnable -> {
                Thread thread = new Thread(runnable, "switch-watchdog");
                thread.setDaemon(true);
                return thread;
            });
            MigrationWorker worker = new MigrationWorker(
                    migration.plan(), migration.topology(), migration.control(), id, new SimpleMeterRegistry());
            Thread stop = new Thread(worker::close, "worker-stop");
            Runtime.getRuntime().addShutdownHook(stop);
            try {
                var unused = watchdog.scheduleWithFixedDelay(
                        new SwitchWatchdog(migration.context(null, null, Narrator.silent())),
                        WATCH_MILLIS,
                        WATCH_MILLIS,
                        TimeUnit.MILLISECONDS);
                invocation.console().note(id + " serves " + migration.plan().migration() + "; Ctrl-C ends it");
                worker.run();
            } finally {
                watchdog.shutdown();
                worker.close();
            }
            return ExitCode.DONE.number();
        }
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }
}
