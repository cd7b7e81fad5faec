package dev.cutover.chaos.fault;

import dev.cutover.chaos.stand.BankCrew;
import dev.cutover.chaos.stand.BankServers;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.sandbox.JavaProcess;
import dev.cutover.sandbox.wire.Direction;
import dev.cutover.sandbox.wire.Fault;
import dev.cutover.sandbox.wire.FaultProxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Predicate;

/** Every kind of breakage of a stand. */
final class Breakages {
    private static final Predicate<String> BANK = "bank"::equals;
    private static final Predicate<String> TOOLKIT = label -> !label.equals("bank");
    private static final Duration UNTIL_REACHED = Duration.ofSeconds(4);

    private final BankServers servers;
    private final BankCrew crew;

    Breakages(BankServers servers, BankCrew crew) {
        this.servers = servers;
        this.crew = crew;
    }

    /** A breakage under a name. */
    private record Named(String kind, Function<SplittableRandom, Broken> beginning) implements Breakage {
        @Override
        public Broken begin(SplittableRandom random) {
            return beginning.apply(random);
        }
    }

    private static BooleanSupplier hit(Runnable mend) {
        return () -> {
            mend.run();
            return true;
        };
    }

    private static BooleanSupplier ended(Fault fault) {
        return () -> {
            fault.end();
            return fault.acted() > 0;
        };
    }

    /** All of them; one that is here twice comes twice as often. */
    List<Breakage> all() {
        List<Breakage> all = new ArrayList<>();
        all.add(new Named("kill-bank", this::killBank));
        all.add(new Named("stop-bank", random -> stop(crew.bankProcess(one(random)), random, 4_000)));
        all.add(new Named("kill-worker", this::killWorker));
        all.add(new Named("kill-worker", this::killWorker));
        all.add(new Named("stop-worker", random -> stop(crew.workerProcess(one(random)), random, 9_000)));
        all.add(new Named("kill-mysqld", this::killServer));
        all.add(new Named("stop-mysqld", this::stopServer));
        all.add(new Named("reset", this::reset));
        all.add(new Named("black-hole", this::blackHole));
        all.add(new Named("delay", this::delay));
        all.add(new Named("refuse", this::refuse));
        all.add(new Named("cut", this::cut));
        all.add(new Named("swallow-commit", this::swallowCommit));
        all.add(new Named("swallow-commit", this::swallowCommit));
        all.add(new Named("failpoint-bank", random -> failpoint(random, "unit.", "mirror.")));
        all.add(new Named("failpoint-bank", random -> failpoint(random, "unit.", "mirror.")));
        all.add(new Named("failpoint-worker", random -> failpoint(random, "apply.", "copy.")));
        all.add(new Named("failpoint-worker", random -> failpoint(random, "apply.", "copy.")));
        return all;
    }

    private static int one(SplittableRandom random) {
        return random.nextInt(BankCrew.OF_EACH);
    }

    private int server(SplittableRandom random) {
        return random.nextInt(BankServers.NAMES.size());
    }

    private Breakage.Broken killBank(SplittableRandom random) {
        int number = one(random);
        crew.bankProcess(number).kill();
        return new Breakage.Broken("bank-" + number, random.nextLong(200, 1_500), hit(() -> crew.restartBank(number)));
    }

    private Breakage.Broken killWorker(SplittableRandom random) {
        int number = one(random);
        crew.workerProcess(number).kill();
        return new Breakage.Broken(
                "worker-" + number, random.nextLong(100, 2_000), hit(() -> crew.restartWorker(number)));
    }

    private static Breakage.Broken stop(JavaProcess process, SplittableRandom random, long atMost) {
        process.stop();
        return new Breakage.Broken(process.name(), random.nextLong(500, atMost), hit(process::resume));
    }

    private Breakage.Broken killServer(SplittableRandom random) {
        int number = server(random);
        servers.server(number).kill();
        return new Breakage.Broken(
                BankServers.NAMES.get(number),
                random.nextLong(100, 1_000),
                hit(() -> servers.server(number).restart()));
    }

    private Breakage.Broken stopServer(SplittableRandom random) {
        int number = server(random);
        servers.server(number).stopProcess();
        return new Breakage.Broken(
                BankServers.NAMES.get(number),
                random.nextLong(300, 3_000),
                hit(() -> servers.server(number).resumeProcess()));
    }

    private Breakage.Broken reset(SplittableRandom random) {
        int number = server(random);
        Predicate<String> whom = whom(random);
        int cut = servers.wire(number).reset(whom);
        return new Breakage.Broken(cut + aimed(number, whom), 0, () -> cut > 0);
    }

    private Breakage.Broken blackHole(SplittableRandom random) {
        int number = server(random);
        Predicate<String> whom = whom(random);
        Direction[] directions = switch (random.nextInt(3)) {
            case 0 -> new Direction[] {Direction.TO_SERVER};
            case 1 -> new Direction[] {Direction.TO_CLIENT};
            default -> new Direction[0];
        };
        Fault fault = servers.wire(number).blackHole(whom, directions);
        return new Breakage.Broken(
                Arrays.toString(directions) + aimed(number, whom), random.nextLong(500, 5_000), ended(fault));
    }

    private Breakage.Broken delay(SplittableRandom random) {
        int number = server(random);
        Predicate<String> whom = whom(random);
        long millis = random.nextLong(5, 60);
        Fault fault = servers.wire(number).delay(whom, Direction.TO_CLIENT, Duration.ofMillis(millis));
        return new Breakage.Broken(millis + " ms" + aimed(number, whom), random.nextLong(1_000, 5_000), ended(fault));
    }

    private Breakage.Broken refuse(SplittableRandom random) {
        int number = server(random);
        FaultProxy wire = servers.wire(number);
        wire.refuse();
        wire.reset(FaultProxy.EVERYBODY);
        return new Breakage.Broken(BankServers.NAMES.get(number), random.nextLong(300, 3_000), hit(wire::accept));
    }

    private Breakage.Broken cut(SplittableRandom random) {
        int number = server(random);
        Predicate<String> whom = whom(random);
        long bytes = random.nextLong(10, 20_000);
        Fault fault = servers.wire(number).cutAfter(whom, bytes);
        return new Breakage.Broken(bytes + " bytes" + aimed(number, whom), 1_000, ended(fault));
    }

    private Breakage.Broken swallowCommit(SplittableRandom random) {
        int number = server(random);
        Predicate<String> whom = whom(random);
        Fault fault = servers.wire(number).swallowCommit(whom, 1 + random.nextInt(3));
        return new Breakage.Broken(aimed(number, whom), 3_000, ended(fault));
    }

    private static Predicate<String> whom(SplittableRandom random) {
        return switch (random.nextInt(4)) {
            case 0 -> FaultProxy.EVERYBODY;
            case 1, 2 -> BANK;
            default -> TOOLKIT;
        };
    }

    private static String aimed(int server, Predicate<String> whom) {
        return " before " + BankServers.NAMES.get(server) + ", of "
                + (whom == BANK ? "the bank" : whom == TOOLKIT ? "the toolkit" : "everybody");
    }

    /** Arms a point in a process, waits for what it does there, and mends that. */
    private Breakage.Broken failpoint(SplittableRandom random, String... rooms) {
        List<Failpoint> points = Arrays.stream(Failpoint.values())
                .filter(point -> Arrays.stream(rooms).anyMatch(point.word()::startsWith))
                .toList();
        Failpoint point = points.get(random.nextInt(points.size()));
        String action = switch (random.nextInt(4)) {
            case 0 -> "halt";
            case 1 -> "stop";
            case 2 -> "throw";
            default -> "pause:" + random.nextInt(200, 4_000);
        };
        int times = 1 + random.nextInt(20);
        boolean bank = rooms[0].equals("unit.");
        int number = one(random);
        String process = (bank ? "bank-" : "worker-") + number;
        long before = crew.acted(process);
        crew.arm(process, point.word() + "=" + action + "@" + times + "\n");
        return new Breakage.Broken(
                process + " " + point.word() + "=" + action + "@" + times, UNTIL_REACHED.toMillis(), () -> {
                    mend(bank, number, process);
                    return crew.acted(process) > before;
                });
    }

    private void mend(boolean bank, int number, String process) {
        crew.disarm(process);
        JavaProcess now = bank ? crew.bankProcess(number) : crew.workerProcess(number);
        if (now.alive()) {
            now.resume();
        } else if (bank) {
            crew.restartBank(number);
        } else {
            crew.restartWorker(number);
        }
    }
}
