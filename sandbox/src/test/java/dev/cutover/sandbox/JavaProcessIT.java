package dev.cutover.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JavaProcessIT {
    private static final Duration BOUND = Duration.ofSeconds(20);

    @TempDir
    private Path folder;

    /** Says its process id and what it was given, then counts until it is ended; says so when it ends in good order. */
    static final class Counter {
        private Counter() {}

        @SuppressWarnings("SystemOut") // standard output is how it talks to the test
        public static void main(String[] arguments) throws InterruptedException {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("ended in good order")));
            System.out.println("pid " + ProcessHandle.current().pid());
            System.out.println(
                    "given " + List.of(arguments) + " " + System.getProperty("colour") + " " + System.getenv("SHAPE"));
            for (int count = 1; ; count++) {
                System.out.println("count " + count);
                boolean never = new CountDownLatch(1).await(20, TimeUnit.MILLISECONDS);
                assertThat(never).isFalse();
            }
        }
    }

    /** Starts a counter, stops it, says its process id, and lives until its input ends. */
    static final class Owner {
        private Owner() {}

        @SuppressWarnings("SystemOut") // standard output is how it talks to the test
        public static void main(String[] arguments) throws IOException {
            JavaProcess counter = JavaProcess.named("owned", Path.of(arguments[0]), Counter.class.getName())
                    .start();
            counter.stop();
            System.out.println("counter " + counter.pid());
            int ended = System.in.read();
            assertThat(ended).isEqualTo(-1);
        }
    }

    private JavaProcess.Launch counter() {
        return JavaProcess.named("counter", folder, Counter.class.getName(), "one", "two words");
    }

    @Test
    void isGivenItsWordsItsPropertiesAndItsEnvironment() {
        try (JavaProcess counter = counter()
                .withProperty("colour", "dark blue")
                .withEnvironment(Map.of("SHAPE", "round"))
                .withNiceness(3)
                .start()) {
            await().atMost(BOUND).until(() -> counter.line("count 1").isPresent());
            assertThat(counter.line("pid ")).contains("pid " + counter.pid());
            assertThat(counter.line("given ")).contains("given [one, two words] dark blue round");
            assertThat(counter.lastWords()).contains("count");
        }
    }

    @Test
    void aSecondStartOfTheSameNameNeverShowsWhatTheFirstPrinted() {
        try (JavaProcess first = counter().start()) {
            await().atMost(BOUND).until(() -> first.line("pid ").isPresent());
            first.kill();
        }
        try (JavaProcess second = counter().start()) {
            await().atMost(BOUND)
                    .pollInterval(Duration.ofMillis(1))
                    .until(() -> second.line("pid ").isPresent());
            assertThat(second.line("pid ")).contains("pid " + second.pid());
        }
    }

    @Test
    void killsTheJvmItself() {
        JavaProcess counter = counter().withNiceness(3).start();
        await().atMost(BOUND).until(() -> counter.line("count 1").isPresent());
        counter.kill();
        assertThat(counter.alive()).isFalse();
        assertThat(counter.end(Duration.ZERO)).hasValue(137);
        assertThat(ProcessHandle.of(counter.pid())).isEmpty();
        assertThat(counter.output()).doesNotContain("ended in good order");
        counter.kill();
        counter.close();
    }

    @Test
    void stopsTheJvmAndLetsItGoOn() {
        try (JavaProcess counter = counter().withNiceness(3).start()) {
            await().atMost(BOUND).until(() -> counter.line("count 1").isPresent());
            assertThat(counter.stopped()).isFalse();
            counter.stop();
            assertThat(counter.stopped()).isTrue();
            assertThat(counter.alive()).isTrue();
            String then = counter.lastWords();
            await().during(Duration.ofMillis(200))
                    .atMost(Duration.ofSeconds(2))
                    .until(() -> counter.lastWords().equals(then));
            counter.resume();
            await().atMost(BOUND).until(() -> !counter.lastWords().equals(then));
            assertThat(counter.stopped()).isFalse();
        }
    }

    @Test
    void endsAStoppedJvmInGoodOrderWhenClosed() {
        JavaProcess counter = counter().start();
        await().atMost(BOUND).until(() -> counter.line("count 1").isPresent());
        counter.stop();
        counter.close();
        assertThat(counter.alive()).isFalse();
        assertThat(counter.output()).contains("ended in good order");
        assertThat(counter.end(Duration.ZERO)).hasValue(143);
    }

    @Test
    void tellsHowTheJvmEnded() {
        try (JavaProcess nothing =
                JavaProcess.named("nothing", folder, "no.such.Main").start()) {
            assertThat(nothing.end(BOUND)).hasValue(1);
            assertThat(nothing.output()).contains("no.such.Main");
        }
    }

    @Test
    void doesNotOutliveAJvmThatWasKilled() throws IOException, InterruptedException {
        Process owner = JavaChild.start(Owner.class, folder.toString());
        String line =
                new BufferedReader(new InputStreamReader(owner.getInputStream(), StandardCharsets.UTF_8)).readLine();
        ProcessHandle counter = ProcessHandle.of(Long.parseLong(line.substring("counter ".length())))
                .orElseThrow();
        owner.destroyForcibly();
        assertThat(owner.waitFor(10, TimeUnit.SECONDS)).isTrue();
        await().atMost(Duration.ofSeconds(10)).until(() -> !counter.isAlive());
    }
}
