package dev.cutover.chaos.operate;

import dev.cutover.chaos.history.HistoryRecord;
import dev.cutover.chaos.history.HistoryWriter;
import dev.cutover.chaos.history.Phase;
import dev.cutover.chaos.stand.BankCrew;
import dev.cutover.chaos.stand.BankServers;
import dev.cutover.chaos.stand.ChaosFailedException;
import dev.cutover.cli.command.CutoverCommandLine;
import dev.cutover.cli.command.Surroundings;
import dev.cutover.cli.console.Prompt;
import dev.cutover.sandbox.JavaProcess;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Types commands, in this JVM or in one that may be killed, and writes down when. Safe for many threads. */
public final class Commands {
    private static final Logger LOG = LoggerFactory.getLogger(Commands.class);

    private final BankServers servers;
    private final BankCrew crew;
    private final HistoryWriter history;

    public Commands(BankServers servers, BankCrew crew, HistoryWriter history) {
        this.servers = servers;
        this.crew = crew;
        this.history = history;
    }

    /** A command that has ended. */
    public record Ended(int exit, String out, String err, long begun, long ended) {
        public String words() {
            return (out + err).strip();
        }
    }

    /** Runs a command here. */
    public Ended run(String... words) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        Surroundings surroundings = new Surroundings(
                Map.of(),
                servers.folder(),
                Prompt.absent(),
                false,
                servers.folder().resolve("commands.log"),
                "chaos/1");
        String[] all = Arrays.copyOf(words, words.length + 2);
        all[words.length] = "--file";
        all[words.length + 1] = servers.plan().toString();
        long begun = note(Phase.BEGIN, OptionalInt.empty(), words);
        int exit =
                CutoverCommandLine.execute(surroundings, new PrintWriter(out, true), new PrintWriter(err, true), all);
        long ended = note(Phase.END, OptionalInt.of(exit), words);
        return new Ended(exit, out.toString(), err.toString(), begun, ended);
    }

    /** Runs a command here that has no reason to fail. */
    public Ended must(String... words) {
        Ended ended = run(words);
        if (ended.exit() != 0) {
            throw new ChaosFailedException(
                    "cutover " + String.join(" ", words) + " ended with " + ended.exit() + ":\n" + ended.words(), null);
        }
        return ended;
    }

    /** Starts a command elsewhere, with failpoints. */
    JavaProcess start(String armed, String... words) {
        note(Phase.BEGIN, OptionalInt.empty(), words);
        return crew.command(armed, words);
    }

    /** Verifies once and writes the verdict down; what could not be verified at all has none. */
    Optional<Verdict> verify() {
        Ended ended = run("verify", "once");
        Optional<Verdict> verdict = switch (ended.exit()) {
            case 0 -> Optional.of(Verdict.EQUAL);
            case 3 ->
                Optional.of(ended.words().contains("old and new differ") ? Verdict.DIFFERENT : Verdict.INCONCLUSIVE);
            default -> Optional.empty();
        };
        long epoch = RegisterView.read(servers).map(RegisterView::epoch).orElse(0L);
        verdict.ifPresent(said -> history.write(
                new HistoryRecord.Gate(System.nanoTime(), System.currentTimeMillis(), said.name(), epoch)));
        if (verdict.isPresent() && verdict.get() == Verdict.DIFFERENT) {
            LOG.error("{}", ended.words());
        }
        return verdict;
    }

    /** What a verification said. */
    enum Verdict {
        EQUAL,
        DIFFERENT,
        INCONCLUSIVE
    }

    private long note(Phase phase, OptionalInt exit, String... words) {
        long at = System.nanoTime();
        history.write(new HistoryRecord.Command(
                at, System.currentTimeMillis(), phase, String.join(" ", List.of(words)), exit));
        return at;
    }
}
