package dev.cutover.core.failpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Failpoints that a file switches on and off while the process runs.
 *
 * <p>A line is {@code point=action} or {@code point=action@n} for the n-th time from now, or {@code planted=bug}; the actions are
 * {@code halt} (as kill -9), {@code stop} (SIGSTOP of this process), {@code throw} and {@code pause:milliseconds}. Each acts once. A file that changes
 * counts anew. Every point that is reached is written once to the file with {@code .seen} at its end, and once more when it acts.
 *
 * <p>Safe for many threads.
 */
final class FailpointFile implements Failpoints {
    private static final Pattern LINE = Pattern.compile("([a-zA-Z.]+)=(halt|stop|throw|pause:\\d+)(?:@(\\d+))?");
    private static final String PLANTED = "planted=";
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final Path file;
    private final Path seen;
    private final Set<Failpoint> reached = EnumSet.noneOf(Failpoint.class);
    private final Map<Failpoint, Armed> armed = new EnumMap<>(Failpoint.class);
    private final Set<String> planted = new HashSet<>();
    private String text = "";
    private long lookedAt;

    /** Made when first asked for. */
    static final class OfThisJvm {
        static final Failpoints FAILPOINTS = of(System.getProperty(PROPERTY, ""));

        private OfThisJvm() {}

        private static Failpoints of(String file) {
            return file.isEmpty() ? NONE : new FailpointFile(Path.of(file));
        }
    }

    /** A point that waits to be reached so many more times. */
    private record Armed(String action, int left) {}

    FailpointFile(Path file) {
        this.file = file;
        this.seen = Path.of(file + ".seen");
        read();
    }

    @Override
    public void hit(Failpoint point) {
        @Nullable String action = due(point);
        if (action != null) {
            act(point, action);
        }
    }

    @Override
    public synchronized boolean planted(String bug) {
        look();
        return planted.contains(bug);
    }

    private synchronized @Nullable String due(Failpoint point) {
        look();
        if (reached.add(point)) {
            note(point.word());
        }
        Armed waiting = armed.get(point);
        if (waiting == null) {
            return null;
        }
        if (waiting.left() > 1) {
            armed.put(point, new Armed(waiting.action(), waiting.left() - 1));
            return null;
        }
        armed.remove(point);
        note(point.word() + " " + waiting.action());
        return waiting.action();
    }

    private void look() {
        if (System.nanoTime() - lookedAt > LOOK_NANOS) {
            read();
        }
    }

    private synchronized void read() {
        lookedAt = System.nanoTime();
        String now;
        try {
            now = Files.readString(file, StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            now = "";
        } catch (IOException e) {
            throw new UncheckedIOException("The failpoints in " + file + " cannot be read.", e);
        }
        if (now.equals(text)) {
            return;
        }
        text = now;
        armed.clear();
        planted.clear();
        for (String line :
                now.lines().map(String::strip).filter(l -> !l.isEmpty()).toList()) {
            parse(line);
        }
    }

    private void parse(String line) {
        if (line.startsWith(PLANTED)) {
            planted.add(line.substring(PLANTED.length()));
            return;
        }
        Matcher matcher = LINE.matcher(line);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + line + "' in " + file
                    + " asks for nothing: write point=halt, =stop, =throw or =pause:1000, with @n for the n-th time.");
        }
        Failpoint point = Failpoint.ofWord(matcher.group(1))
                .orElseThrow(() -> new IllegalArgumentException(
                        "There is no failpoint '" + matcher.group(1) + "' (" + file + ")."));
        @Nullable String times = matcher.group(3);
        armed.put(point, new Armed(matcher.group(2), times == null ? 1 : Integer.parseInt(times)));
    }

    private void note(String line) {
        try {
            Files.writeString(
                    seen, line + "\n", StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException("What was reached cannot be written to " + seen + ".", e);
        }
    }

    private static void act(Failpoint point, String action) {
        switch (action) {
            case "halt" -> Runtime.getRuntime().halt(137);
            case "stop" -> stopThisProcess();
            case "throw" -> throw new FailpointReachedException(point);
            default -> pause(Duration.ofMillis(Long.parseLong(action.substring("pause:".length()))));
        }
    }

    // Nothing runs in between: the signal stops every thread, and this one waits for the answer of kill.
    private static void stopThisProcess() {
        try {
            int exit = new ProcessBuilder(List.of(
                            "kill",
                            "-STOP",
                            Long.toString(ProcessHandle.current().pid())))
                    .start()
                    .waitFor();
            if (exit != 0) {
                throw new IllegalStateException("kill -STOP ended with " + exit + ".");
            }
        } catch (IOException e) {
            throw new UncheckedIOException("This process could not be stopped.", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void pause(Duration pause) {
        try {
            if (new CountDownLatch(1).await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException("Nobody counts this latch down.");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
