package dev.cutover.cli.runbook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cutover.cli.command.TypedCommand;
import dev.cutover.cli.console.Prompt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RunbooksIT {
    private static final Path RUNBOOKS = Path.of("..", "runbooks");
    private static final String INDEX = "README.md";
    private static final String SWITCH = "08-switch.md";
    private static final String VERIFY = "06-verify.md";
    private static final String TROUBLE = "something-is-wrong.md";

    /** Pages in the order of somebody who rolls back once and then goes on; {@code back} takes the page's way back, and the page again. */
    private static final List<String> ROUTE = List.of(
            "00-prepare.md",
            "01-freeze.md back",
            "02-single-write.md back",
            "03-copy-static.md back",
            "04-dual-write.md back",
            "05-copy-dynamic.md back",
            VERIFY,
            "07-reads.md back",
            SWITCH,
            TROUBLE,
            "09-rollback.md",
            VERIFY,
            SWITCH,
            VERIFY,
            "10-complete.md",
            TROUBLE);

    /** Languages of blocks that are shown and not typed. */
    private static final Set<String> NOT_TYPED = Set.of();

    @TempDir
    @SuppressWarnings("NonFinalStaticField") // JUnit sets it once for the class
    static Path folder = Path.of("");

    private final Map<String, RunbookPage> pages = new TreeMap<>();
    private final Set<String> typedPages = new TreeSet<>();
    private @Nullable SmallMall mall;
    private boolean failed;

    @BeforeAll
    void fillTheMall() throws IOException, SQLException {
        try (Stream<Path> files = Files.list(RUNBOOKS)) {
            for (Path file : files.sorted().toList()) {
                RunbookPage page = RunbookPage.read(file);
                pages.put(page.name(), page);
            }
        }
        mall = SmallMall.create(folder);
    }

    @AfterAll
    void close() {
        SmallMall opened = mall;
        if (opened != null) {
            opened.close();
        }
    }

    @TestFactory
    Stream<DynamicTest> eachPageDoesAndShowsWhatItSays() {
        List<DynamicTest> walk = new ArrayList<>();
        for (String leg : ROUTE) {
            String name = leg.split(" ", -1)[0];
            walk.add(DynamicTest.dynamicTest(leg, () -> {
                assumeTrue(!failed, "a page before this one failed");
                failed = true;
                type(name);
                if (leg.endsWith(" back")) {
                    back(name);
                    type(name);
                }
                failed = false;
            }));
        }
        walk.add(DynamicTest.dynamicTest("no page is left out", () -> {
            Set<String> withCommands = new TreeSet<>(pages.keySet());
            withCommands.remove(INDEX);
            assertThat(page(INDEX).commands()).isEmpty();
            assertThat(typedPages).isEqualTo(withCommands);
        }));
        return walk.stream();
    }

    private RunbookPage page(String name) {
        return Objects.requireNonNull(pages.get(name), name);
    }

    private void type(String name) {
        assertThat(page(name).commands()).as(name).isNotEmpty();
        for (RunbookPage.Typed typed : page(name).commands()) {
            String place = name + ":" + typed.line() + "  $ " + typed.command();
            assertThat(typed.promised()).as(place + " promises something").isNotEmpty();
            TypedCommand seen = type(Prompt.absent(), typed.command());
            String all = seen.out() + seen.err();
            assertThat(seen.exitCode()).as(place + "\n" + all).isZero();
            assertThat(typed.missingIn(all)).as(place + "\n" + all).isEmpty();
        }
        typedPages.add(name);
    }

    /** A person types the way back, and says yes when asked. */
    private void back(String name) {
        assertThat(page(name).wayBack()).as(name + " names a way back").isNotEmpty();
        for (String command : page(name).wayBack()) {
            TypedCommand seen = type(SAYS_YES, command);
            assertThat(seen.exitCode())
                    .as(name + ", way back  $ " + command + "\n" + seen.out() + seen.err())
                    .isZero();
        }
    }

    private TypedCommand type(Prompt prompt, String command) {
        List<String> words = List.of(command.split(" ", -1));
        assertThat(words.get(0)).as(command).isEqualTo("cutover");
        TypedCommand typed =
                TypedCommand.run(folder, prompt, words.subList(1, words.size()).toArray(new String[0]));
        if (command.startsWith("cutover init") && typed.exitCode() == 0) {
            Objects.requireNonNull(mall).startServiceAndWorker();
        }
        return typed;
    }

    private static final Prompt SAYS_YES = new Prompt() {
        @Override
        public @Nullable String ask(String question) {
            return "y";
        }

        @Override
        public boolean present() {
            return true;
        }
    };

    @Test
    void everyBlockIsTypedOrListedHere() {
        for (RunbookPage page : pages.values()) {
            Set<String> untyped = new TreeSet<>(page.fences());
            untyped.remove("console");
            assertThat(NOT_TYPED).as(page.name()).containsAll(untyped);
        }
    }

    @Test
    void theIndexNamesEachPage() throws IOException {
        String index = Files.readString(RUNBOOKS.resolve(INDEX));
        pages.keySet().stream()
                .filter(name -> !name.equals(INDEX))
                .forEach(name -> assertThat(index).contains("](" + name + ")"));
    }

    @Test
    void everyCommandAPageNamesExistsWithItsOptions() {
        for (RunbookPage page : pages.values()) {
            for (String command : page.mentioned()) {
                List<String> words = List.of(command.split(" ", -1));
                List<String> verbs = words.stream()
                        .skip(1)
                        .takeWhile(word -> word.matches("[a-z-]+") && !word.startsWith("-"))
                        .toList();
                List<String> asked = new ArrayList<>(verbs);
                asked.add("--help");
                TypedCommand help = TypedCommand.run(folder, asked.toArray(new String[0]));
                assertThat(help.exitCode()).as(page.name() + ": " + command).isZero();
                assertThat(help.out().lines().findFirst().orElse("").toLowerCase(Locale.ROOT))
                        .as(page.name() + ": " + command)
                        .isNotEmpty();
                words.stream()
                        .filter(word -> word.startsWith("--"))
                        .map(word -> word.split("=", -1)[0])
                        .forEach(option -> assertThat(help.out())
                                .as(page.name() + ": " + command)
                                .contains(option));
            }
        }
    }
}
