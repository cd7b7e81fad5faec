package dev.cutover.chaos.stand;

import dev.cutover.chaos.bank.BankServiceMain;
import dev.cutover.chaos.load.BankDoor;
import dev.cutover.cli.step.Waiting;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.sandbox.JavaProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The processes of a run: two instances of the bank and two workers, one of which stands by. Each follows a file of failpoints. Safe for many threads.
 */
public final class BankCrew implements AutoCloseable {
    /** Instances of the bank, and workers. */
    public static final int OF_EACH = 2;

    private static final String CUTOVER = "dev.cutover.cli.CutoverMain";
    private static final Duration START = Duration.ofSeconds(60);
    private static final int STARTS = 5;
    private static final Duration LOOK_AGAIN = Duration.ofMillis(50);

    private final BankServers servers;
    private final List<JavaProcess> banks = new ArrayList<>();
    private final List<JavaProcess> workers = new ArrayList<>();
    private final BankDoor door = new BankDoor(OF_EACH);
    private int commands;

    /** Nobody runs yet. */
    public BankCrew(BankServers servers) {
        this.servers = servers;
    }

    /** Starts everybody, once the plan is installed; returns when both instances of the bank answer. */
    public synchronized void start() {
        for (int number = 0; number < OF_EACH; number++) {
            banks.add(bank(number).start());
            workers.add(worker(number).start());
        }
        for (int number = 0; number < OF_EACH; number++) {
            door.moved(number, address(banks.get(number)));
        }
    }

    /** Starts so many workers and no bank. */
    public synchronized void startWorkers(int number) {
        for (int worker = 0; worker < number; worker++) {
            workers.add(worker(worker).start());
        }
    }

    private JavaProcess.Launch bank(int number) {
        return JavaProcess.named("bank-" + number, servers.folder(), BankServiceMain.class.getName())
                .withEnvironment(Map.of(
                        "CUTOVER_CONFIG",
                        servers.plan().toString(),
                        "BANK_INSTANCE",
                        "bank-" + number,
                        "BANK_BUDGET_MILLIS",
                        "5000"))
                .withProperty(Failpoints.PROPERTY, failpoints("bank-" + number).toString())
                .withNiceness(5);
    }

    private JavaProcess.Launch worker(int number) {
        return cutover("worker-" + number, "worker");
    }

    private JavaProcess.Launch cutover(String name, String... words) {
        List<String> all = new ArrayList<>(List.of(words));
        all.addAll(List.of("--file", servers.plan().toString()));
        return JavaProcess.named(name, servers.folder(), CUTOVER, all.toArray(new String[0]))
                .withEnvironment(Map.of(
                        "XDG_STATE_HOME", servers.folder().resolve("state").toString()))
                .withProperty(Failpoints.PROPERTY, failpoints(name).toString())
                // Its warnings to standard error, where the run looks for last words, and not to the user's log file.
                .withProperty("logback.configurationFile", "logback.xml");
    }

    private Path failpoints(String process) {
        return servers.folder().resolve("failpoints." + process);
    }

    private static URI address(JavaProcess bank) {
        return answers(bank).orElseThrow(() -> notStarted(bank));
    }

    private static ChaosFailedException notStarted(JavaProcess bank) {
        return new ChaosFailedException(bank.name() + " did not start:\n" + bank.lastWords(), null);
    }

    // Empty when it has ended, or says nothing for too long.
    private static Optional<URI> answers(JavaProcess bank) {
        Waiting.until(START, LOOK_AGAIN, () -> bank.line(BankServiceMain.READY).isPresent() || !bank.alive());
        return bank.line(BankServiceMain.READY)
                .map(line -> URI.create(
                        line.substring(BankServiceMain.READY.length()).strip()));
    }

    /** Where clients find the instances. */
    public BankDoor door() {
        return door;
    }

    /** The instance of the bank with this number, as it runs now. */
    public synchronized JavaProcess bankProcess(int number) {
        return banks.get(number);
    }

    /** The worker with this number, as it runs now. */
    public synchronized JavaProcess workerProcess(int number) {
        return workers.get(number);
    }

    /** Starts an instance again that has ended; returns when it answers. One that could not reach its databases at its start is started once more. */
    public void restartBank(int number) {
        bankProcess(number).close();
        disarm("bank-" + number);
        for (int attempt = 1; ; attempt++) {
            JavaProcess again = bank(number).start();
            synchronized (this) {
                banks.set(number, again);
            }
            Optional<URI> address = answers(again);
            if (address.isPresent()) {
                door.moved(number, address.get());
                return;
            }
            if (attempt == STARTS) {
                throw notStarted(again);
            }
            again.close();
        }
    }

    /** Starts a worker again that has ended. */
    public void restartWorker(int number) {
        workerProcess(number).close();
        disarm("worker-" + number);
        JavaProcess again = worker(number).start();
        synchronized (this) {
            workers.set(number, again);
        }
    }

    /** Starts a command as a process of its own, with failpoints armed from its beginning. */
    public JavaProcess command(String armed, String... words) {
        String name;
        synchronized (this) {
            name = "command-" + ++commands;
        }
        arm(name, armed);
        return cutover(name, words).start();
    }

    /** Lets a running process follow these lines; see {@link Failpoints}. */
    public void arm(String process, String lines) {
        Path file = failpoints(process);
        Path next = servers.folder().resolve("failpoints." + process + ".next");
        try {
            // Never half a line.
            Files.writeString(next, lines, StandardCharsets.UTF_8);
            Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException("The failpoints of " + process + " cannot be written.", e);
        }
    }

    /** Nothing is armed any more. */
    public void disarm(String process) {
        arm(process, "");
    }

    /** How often a failpoint has acted in a process and those before it of the same name. */
    public long acted(String process) {
        Path seen = servers.folder().resolve("failpoints." + process + ".seen");
        try {
            return Files.exists(seen)
                    ? Files.readAllLines(seen, StandardCharsets.UTF_8).stream()
                            .filter(line -> line.contains(" "))
                            .count()
                    : 0;
        } catch (IOException e) {
            throw new UncheckedIOException(seen + " cannot be read.", e);
        }
    }

    /** What the processes wrote of their failpoints: names that were reached, and names with what they did. */
    public Set<String> seen() {
        Set<String> seen = new TreeSet<>();
        try (var files = Files.newDirectoryStream(servers.folder(), "failpoints.*.seen")) {
            for (Path file : files) {
                seen.addAll(Files.readAllLines(file, StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("What was reached cannot be read in " + servers.folder() + ".", e);
        }
        return seen;
    }

    @Override
    public synchronized void close() {
        banks.forEach(JavaProcess::close);
        workers.forEach(JavaProcess::close);
    }
}
