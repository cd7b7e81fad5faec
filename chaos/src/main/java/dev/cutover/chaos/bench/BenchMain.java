package dev.cutover.chaos.bench;

import dev.cutover.sandbox.Scratch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bin/bench}. */
@Command(
        name = "bin/bench",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        header = "Measure one thing on servers of its own, and print its figures.",
        description = {
            "",
            "switch   how long writers wait while a switch and a rollback run, again and again under load",
            "verify   how long a pass of the verifier takes, beside plainer ways to compare the same rows",
            "restart  how long after kill -9 of the worker its successor streams, by ./cutover worker",
            "issuance how many coupons a second the coupon service issues to an audience, beside bare INSERTs; then killed",
            "claim    how many claims a second the coupon service answers, beside the same statements over JDBC",
            "copy     how many rows a second a worker copies, beside INSERT SELECT and rows one by one over JDBC",
            "cache-build    how many cache-build tasks a second are ordered and done, and what a kill costs",
            "store-coupons  how long a page of 500 coupons of three kinds takes, and what one kind that stalls does to it",
            "apply    how many changed rows a second a worker applies, and how far behind it is under a steady load"
        },
        footer = {
            "",
            "Examples:",
            "  bin/bench switch",
            "  bin/bench switch --moves 50 --rate 400 --json",
            "  bin/bench verify --json",
            "  bin/bench issuance --json --users 1000000",
            "  bin/bench claim --json --seconds 20",
            "  bin/bench copy --json --rows 200000",
            "  bin/bench apply --json --seconds 30",
            "  bin/bench cache-build --json --tasks 5000000",
            "  bin/bench store-coupons --json --seconds 10"
        })
public final class BenchMain implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "NAME", description = "What to measure: ${COMPLETION-CANDIDATES}.")
    Name name = Name.SWITCH;

    @Option(
            names = "--moves",
            paramLabel = "N",
            description = "switch: so many there and back; restart: so many kills; default ${DEFAULT-VALUE}.")
    int moves = 50;

    @Option(
            names = "--rate",
            paramLabel = "N",
            description = "switch, restart: writes a second; default ${DEFAULT-VALUE}.")
    int rate = 420;

    @Option(names = "--rows", paramLabel = "N", description = "verify, copy, apply: coupons; default ${DEFAULT-VALUE}.")
    int rows = 400_000;

    @Option(names = "--users", paramLabel = "N", description = "issuance: users; default ${DEFAULT-VALUE}.")
    int users = 200_000;

    @Option(
            names = "--kills",
            paramLabel = "N",
            description = "issuance: how often the instance is killed in a second issuance; default ${DEFAULT-VALUE}.")
    int kills = 2;

    @Option(names = "--rounds", paramLabel = "N", description = "verify: each way so often; default ${DEFAULT-VALUE}.")
    int rounds = 5;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "claim, store-coupons: each way so long; apply: the load; default ${DEFAULT-VALUE}.")
    int seconds = 10;

    @Option(names = "--tasks", paramLabel = "N", description = "cache-build: tasks; default ${DEFAULT-VALUE}.")
    int tasks = 1_000_000;

    @Option(names = "--json", description = "One JSON object a line.")
    boolean json;

    private BenchMain() {}

    /** What can be measured. */
    enum Name {
        COPY,
        APPLY,
        SWITCH,
        VERIFY,
        RESTART,
        ISSUANCE,
        CLAIM,
        CACHE_BUILD,
        STORE_COUPONS;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    public static void main(String[] arguments) {
        CommandLine line = new CommandLine(new BenchMain()).setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionExceptionHandler((failure, command, parsed) -> {
            command.getErr().println("bench: " + failure.getMessage());
            failure.printStackTrace(command.getErr());
            return 1;
        });
        System.exit(line.execute(arguments));
    }

    @Override
    public Integer call() throws IOException {
        Path folder = Files.createTempDirectory(Scratch.folder(), "cutover-bench-");
        Consumer<String> says = System.err::println;
        try {
            List<Figure> figures = switch (name) {
                case COPY -> migrate(folder, says).copy();
                case APPLY -> migrate(folder, says).apply();
                case SWITCH -> new SwitchBench(folder, moves, rate, says).run();
                case VERIFY -> new VerifyBench(folder, rows, rounds, says).run();
                case RESTART -> new RestartBench(folder, moves, rate, says).run();
                case ISSUANCE -> new IssuanceBench(folder, users, kills, says).run();
                case CACHE_BUILD -> new CacheBuildBench(folder, tasks, says).run();
                case STORE_COUPONS -> new StoreCouponsBench(folder, Duration.ofSeconds(seconds), says).run();
                case CLAIM -> new ClaimBench(folder, Duration.ofSeconds(seconds), says).run();
            };
            figures.forEach(figure -> System.out.println(figure.line(json)));
            return 0;
        } finally {
            delete(folder);
        }
    }

    private MigrateBench migrate(Path folder, Consumer<String> says) {
        return new MigrateBench(folder, rows, Duration.ofSeconds(seconds), says);
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
