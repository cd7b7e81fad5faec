package dev.cutover.cli.command;

import dev.cutover.cli.console.Console;
import dev.cutover.cli.step.Narrator;
import java.time.Duration;
import java.util.List;

/** Shows how a step goes on: redrawn in place on a terminal, now and then a line elsewhere. Safe for many threads. */
final class ConsoleNarrator implements Narrator {
    private static final long ON_A_TERMINAL = Duration.ofMillis(200).toNanos();
    private static final long ELSEWHERE = Duration.ofSeconds(5).toNanos();

    private final Console console;
    private int drawn;
    private long last;
    private boolean any;

    ConsoleNarrator(Console console) {
        this.console = console;
    }

    @Override
    public synchronized void say(String line) {
        drawn = 0;
        console.note(line);
    }

    @Override
    public synchronized void progress(List<String> lines) {
        long now = System.nanoTime();
        if (any && now - last < (console.redraws() ? ON_A_TERMINAL : ELSEWHERE)) {
            return;
        }
        any = true;
        last = now;
        console.rewind(drawn);
        lines.forEach(console::note);
        drawn = lines.size();
    }
}
