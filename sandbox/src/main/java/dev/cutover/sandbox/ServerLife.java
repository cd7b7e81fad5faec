package dev.cutover.sandbox;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntFunction;

/** A server over all its starts, crashes and restarts on one folder and one port. Safe for many threads; acts take turns. */
final class ServerLife {
    private static final Duration START_BOUND = Duration.ofSeconds(90);
    private static final Duration STOP_BOUND = Duration.ofSeconds(30);

    private final IntFunction<ServerRun.Launch> launch;
    private final Path folder;
    private final boolean keep;
    private final ReentrantLock turns = new ReentrantLock();

    // Written while holding turns.
    private volatile ServerRun run;

    private ServerLife(IntFunction<ServerRun.Launch> launch, Path folder, boolean keep, ServerRun run) {
        this.launch = launch;
        this.folder = folder;
        this.keep = keep;
        this.run = run;
    }

    /** Starts the server for the first time; when that fails its folder goes unless it is kept. */
    static ServerLife begin(IntFunction<ServerRun.Launch> launch, Path folder, int wantedPort, boolean keep) {
        try {
            return new ServerLife(launch, folder, keep, ServerRun.start(wantedPort, launch, START_BOUND));
        } catch (SandboxException e) {
            if (!keep) {
                Folders.discard(folder);
            }
            throw e;
        }
    }

    int port() {
        return run.port();
    }

    Path folder() {
        return folder;
    }

    ProcessHandle process() {
        return run.process().handle();
    }

    boolean isRunning() {
        return run.process().isAlive();
    }

    void kill() {
        turn(() -> run.process().kill());
    }

    void stopProcess() {
        turn(() -> run.process().signal("STOP"));
    }

    void resumeProcess() {
        turn(() -> run.process().signal("CONT"));
    }

    void restart() {
        turn(() -> {
            end();
            run = ServerRun.start(run.port(), launch, START_BOUND);
        });
    }

    void close() {
        turn(() -> {
            if (keep) {
                end();
            } else {
                // Nobody will read this data again, and an orderly end of mysqld takes seconds.
                run.process().kill();
                Folders.discard(folder);
            }
        });
    }

    private void end() {
        SupervisedProcess process = run.process();
        if (process.isAlive()) {
            process.terminate(STOP_BOUND);
        }
    }

    private void turn(Runnable act) {
        turns.lock();
        try {
            act.run();
        } finally {
            turns.unlock();
        }
    }
}
