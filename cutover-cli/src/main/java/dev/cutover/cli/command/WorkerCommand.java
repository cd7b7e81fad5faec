package dev.cutover.cli.command;

import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.step.Narrator;
import dev.cutover.cli.step.SwitchWatchdog;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.migrator.MigrationWorker;
import dev.cutover.migrator.apply.AppliedKeys;
import dev.cutover.migrator.stream.EngineWarmUp;
import dev.cutover.verifier.watch.ChangedKeyCheck;
import dev.cutover.verifier.watch.ChangedKeys;
import dev.cutover.verifier.watch.ContinuousVerification;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
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
    private static final long VERIFY_MILLIS = 1_000;
    private static final Duration AFTER_THE_APPLY = Duration.ofSeconds(3);
    private static final int KEYS = 20_000;

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
            Duration every = migration.plan().verify().continuous();
            ChangedKeys keys = new ChangedKeys(KEYS, AFTER_THE_APPLY, System::nanoTime);
            MigrationWorker worker = new MigrationWorker(
                    migration.plan(),
                    migration.topology(),
                    migration.control(),
                    id,
                    new SimpleMeterRegistry(),
                    Failpoints.ofThisJvm(),
                    every == null ? AppliedKeys.UNHEARD : keys::applied);
            Thread stop = new Thread(worker::close, "worker-stop");
            ScheduledExecutorService verifying = Executors.newScheduledThreadPool(2, runnable -> {
                Thread thread = new Thread(runnable, "verification");
                thread.setDaemon(true);
                thread.setPriority(Thread.MIN_PRIORITY);
                return thread;
            });
            ContinuousVerification verification = new ContinuousVerification(
                    migration.topology(),
                    migration.control(),
                    every == null ? Duration.ofDays(1) : every,
                    worker::active,
                    worker::holdsBack,
                    keys,
                    new ChangedKeyCheck(migration.topology()));
            Runtime.getRuntime().addShutdownHook(stop);
            try {
                var unused = watchdog.scheduleWithFixedDelay(
                        new SwitchWatchdog(migration.context(null, null, Narrator.silent())),
                        WATCH_MILLIS,
                        WATCH_MILLIS,
                        TimeUnit.MILLISECONDS);
                if (every != null) {
                    var passes = verifying.scheduleWithFixedDelay(
                            verification::passes, VERIFY_MILLIS, VERIFY_MILLIS, TimeUnit.MILLISECONDS);
                    var changed = verifying.scheduleWithFixedDelay(
                            verification::changedKeys, VERIFY_MILLIS, VERIFY_MILLIS, TimeUnit.MILLISECONDS);
                }
                invocation.console().note(id + " serves " + migration.plan().migration() + "; Ctrl-C ends it");
                worker.run();
            } finally {
                watchdog.shutdown();
                verification.end();
                verifying.shutdown();
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
