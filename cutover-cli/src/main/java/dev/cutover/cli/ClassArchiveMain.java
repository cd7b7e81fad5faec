package dev.cutover.cli;

import dev.cutover.cli.command.CutoverCommandLine;
import dev.cutover.cli.command.Surroundings;
import dev.cutover.migrator.stream.EngineWarmUp;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import org.slf4j.LoggerFactory;

/**
 * Loads what a command and a worker load, so that a JVM started with {@code -XX:ArchiveClassesAtExit} keeps it ready for the next ones
 * (class data sharing, JEP 350). Started by the launcher after a build; it connects to nothing.
 */
public final class ClassArchiveMain {
    // Where whatever there is may be needed; of other libraries what is loaded on the way is kept.
    private static final Pattern JARS = Pattern.compile(
            "(cutover-(cli|core)|migrator|verifier|dual-write-proxy|debezium-(connector|embedded|api|util|config).*"
                    + "|mysql-(binlog-)?connector.*|HikariCP|jdbi3-core|jackson-.*|logback-.*|slf4j-api|micrometer-co.*"
                    + "|connect-(api|runtime|json)|antlr4-runtime|snakeyaml-engine)-[0-9].*\\.jar");

    private ClassArchiveMain() {}

    public static void main(String[] arguments) throws IOException {
        System.setProperty(LogSettings.FILE, LogFile.choose(System.getenv()).toString());
        LoggerFactory.getLogger(ClassArchiveMain.class).debug("started");
        EngineWarmUp.run();
        help();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            Path jar = Path.of(entry);
            if (JARS.matcher(String.valueOf(jar.getFileName())).matches()) {
                load(jar);
            }
        }
    }

    private static void help() {
        PrintWriter nowhere = new PrintWriter(new StringWriter());
        Surroundings surroundings = Surroundings.ofThisProcess(LogFile.choose(System.getenv()));
        for (List<String> words :
                List.of(List.of("--help"), List.of("worker", "--help"), List.of("status", "--help"))) {
            CutoverCommandLine.execute(surroundings, nowhere, nowhere, words.toArray(new String[0]));
        }
    }

    private static void load(Path jar) throws IOException {
        try (JarFile file = new JarFile(jar.toFile())) {
            file.stream()
                    .map(JarEntry::getName)
                    .filter(name ->
                            name.endsWith(".class") && !name.startsWith("META-INF/") && !name.contains("-info."))
                    .map(name ->
                            name.substring(0, name.length() - ".class".length()).replace('/', '.'))
                    .forEach(ClassArchiveMain::load);
        }
    }

    private static void load(String name) {
        try {
            Class.forName(name, false, ClassArchiveMain.class.getClassLoader());
        } catch (ClassNotFoundException | LinkageError optional) {
            // Libraries have classes for other libraries that are not here.
            LoggerFactory.getLogger(ClassArchiveMain.class).debug("{} is not archived", name, optional);
        }
    }
}
