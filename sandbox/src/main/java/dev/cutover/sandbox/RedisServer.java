package dev.cutover.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A real redis-server 6.2 on a loopback port, without persistence unless flags say otherwise; gone for certain when this JVM is.
 * Safe for many threads.
 */
public final class RedisServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RedisServer.class);

    private final ServerLife life;

    private RedisServer(ServerLife life) {
        this.life = life;
    }

    /** Starts a server on any free port; returns when it answers. */
    public static RedisServer start(String name) {
        return start(name, 0);
    }

    /**
     * Starts a server; returns when it answers.
     *
     * @param port the loopback port, 0 for any free one
     * @param flags words of redis-server's command line such as {@code "--maxmemory", "64mb"}; they come last, so they win
     */
    public static RedisServer start(String name, int port, String... flags) {
        return begin(name, port, "Ready to accept connections", (folder, chosen) -> {
            List<String> words = new ArrayList<>(List.of(
                    "--port",
                    String.valueOf(chosen),
                    "--bind",
                    "127.0.0.1",
                    "--dir",
                    folder.toString(),
                    "--logfile",
                    log(folder).toString(),
                    "--save",
                    "",
                    "--appendonly",
                    "no"));
            words.addAll(List.of(flags));
            return words;
        });
    }

    /**
     * Starts a sentinel that by itself decides that a master which has not answered for a second is down; returns when it watches.
     *
     * @param master the name it is asked for
     */
    public static RedisServer sentinel(String name, String master, int masterPort) {
        return begin(name, 0, "+monitor master", (folder, chosen) -> {
            Path file = folder.resolve("sentinel.conf");
            try {
                // It writes down there what it has learned, so words of the command line will not do.
                Files.write(
                        file,
                        List.of(
                                "port " + chosen,
                                "bind 127.0.0.1",
                                "dir " + folder,
                                "logfile " + log(folder),
                                "sentinel monitor " + master + " 127.0.0.1 " + masterPort + " 1",
                                "sentinel down-after-milliseconds " + master + " 1000",
                                "sentinel failover-timeout " + master + " 5000"));
            } catch (IOException e) {
                throw new SandboxException("The sentinel's file " + file + " could not be written.", e);
            }
            return List.of(file.toString(), "--sentinel");
        });
    }

    /** What stands behind the name of the binary. */
    @FunctionalInterface
    private interface Words {
        List<String> of(Path folder, int port);
    }

    private static RedisServer begin(String name, int port, String ready, Words words) {
        SandboxCache cache = SandboxCache.ofThisUser();
        String resource = binaryName(System.getProperty("os.name"), System.getProperty("os.arch"));
        Path binary = cache.entry(resource, folder -> unpack(resource, folder)).resolve("redis-server");
        Map<String, String> environment = new SystemLibraries(cache).environmentFor(binary);
        Path folder = Folders.forServer(Scratch.folder(), name, false);
        ServerLife life = ServerLife.begin(
                chosen -> {
                    List<String> line = new ArrayList<>(List.of(binary.toString()));
                    line.addAll(words.of(folder, chosen));
                    return new ServerRun.Launch(
                            "redis-server '" + name + "'",
                            line,
                            environment,
                            folder,
                            log(folder),
                            ready,
                            SupervisedProcess.Orphaned.DELETE_FOLDER);
                },
                folder,
                port,
                false);
        LOG.info("redis-server '{}' answers on port {}, folder {}", name, life.port(), folder);
        return new RedisServer(life);
    }

    private static Path log(Path folder) {
        return folder.resolve("redis.log");
    }

    static String binaryName(String system, String architecture) {
        boolean arm = Set.of("aarch64", "arm64").contains(architecture.toLowerCase(Locale.ROOT));
        if (system.startsWith("Mac")) {
            return arm ? "redis-server-6.2.6-v5-darwin-arm64" : "redis-server-6.2.6-v5-darwin-amd64";
        }
        return arm ? "redis-server-6.2.7-linux-arm64" : "redis-server-6.2.6-v5-linux-amd64";
    }

    private static void unpack(String resource, Path folder) throws IOException {
        try (InputStream bytes = RedisServer.class.getClassLoader().getResourceAsStream(resource)) {
            if (bytes == null) {
                throw new SandboxException("The Redis binary " + resource
                        + " is not on the class path. Add the dependency com.github.codemonstur:embedded-redis.");
            }
            Path binary = folder.resolve("redis-server");
            Files.copy(bytes, binary);
            Files.setPosixFilePermissions(binary, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    public int port() {
        return life.port();
    }

    /** {@code redis://127.0.0.1:port}. */
    public String uri() {
        return "redis://127.0.0.1:" + port();
    }

    /** The redis-server of now; another one after {@link #restart()}. */
    public ProcessHandle process() {
        return life.process();
    }

    public boolean isRunning() {
        return life.isRunning();
    }

    /** SIGKILL, as a crash: returns when the process is gone. */
    public void kill() {
        life.kill();
    }

    /** SIGSTOP, as a machine that hangs: connections stay open and nothing answers. */
    public void stopProcess() {
        life.stopProcess();
    }

    /** SIGCONT. */
    public void resumeProcess() {
        life.resumeProcess();
    }

    /** Starts Redis again on the same port, stopping it first when it runs; it is empty unless flags made it persistent. */
    public void restart() {
        life.restart();
    }

    @Override
    public void close() {
        life.close();
    }
}
