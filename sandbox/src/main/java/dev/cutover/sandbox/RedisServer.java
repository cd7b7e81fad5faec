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
        SandboxCache cache = SandboxCache.ofThisUser();
        String resource = binaryName(System.getProperty("os.name"), System.getProperty("os.arch"));
        Path binary = cache.entry(resource, folder -> unpack(resource, folder)).resolve("redis-server");
        Map<String, String> environment = new SystemLibraries(cache).environmentFor(binary);
        Path folder = Folders.forServer(Scratch.folder(), name, false);
        List<String> ownFlags = List.of(flags);
        ServerLife life = ServerLife.begin(
                chosen -> launch(name, binary, environment, folder, chosen, ownFlags), folder, port, false);
        LOG.info("redis-server '{}' answers on port {}, folder {}", name, life.port(), folder);
        return new RedisServer(life);
    }

    private static ServerRun.Launch launch(
            String name, Path binary, Map<String, String> environment, Path folder, int port, List<String> ownFlags) {
        Path log = folder.resolve("redis.log");
        List<String> words = new ArrayList<>(List.of(
                binary.toString(),
                "--port",
                String.valueOf(port),
                "--bind",
                "127.0.0.1",
                "--dir",
                folder.toString(),
                "--logfile",
                log.toString(),
                "--save",
                "",
                "--appendonly",
                "no"));
        words.addAll(ownFlags);
        return new ServerRun.Launch(
                "redis-server '" + name + "'",
                words,
                environment,
                folder,
                log,
                "Ready to accept connections",
                SupervisedProcess.Orphaned.DELETE_FOLDER);
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
