package dev.cutover.cli.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.EventDraft;
import dev.cutover.core.stage.Register;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** {@code cutover throttle show|set|off}. */
@Command(
        name = "throttle",
        header = "How fast the copy may go: show it, or turn it while the copy runs.",
        footer = {
            "",
            "  max-lag       how far the stream may be behind before the copy waits",
            "  max-load      how many threads the source may run before the copy waits",
            "  nice-ratio    how long the copy rests, in times of what it has just worked: 1 is half of the time",
            "",
            "The worker takes a new value within a second, and 'cutover status' says what the copy waits for.",
            "",
            "Examples:",
            "  cutover throttle show",
            "  cutover throttle set max-lag=2s nice-ratio=1     undo:  cutover throttle off"
        })
final class ThrottleCommand implements Runnable {
    @Mixin
    Invocation invocation = new Invocation();

    @Override
    public void run() {
        throw Subcommands.missing(invocation);
    }

    @Command(
            name = "show",
            header = "What is in force, and what the plan says.",
            footer = {"", "Example:", "  cutover throttle show"})
    int show(@Mixin Invocation here) {
        try (Migration migration = here.open()) {
            migration.register();
            tell(here, migration, "");
            return ExitCode.DONE.number();
        }
    }

    @Command(
            name = "set",
            header = "Turns what is named; all of it, or nothing when something is wrong.",
            footer = {
                "",
                "Examples:",
                "  cutover throttle set max-lag=500ms",
                "  cutover throttle set max-load=40 nice-ratio=0.5"
            })
    int set(
            @Mixin Invocation here,
            @Parameters(paramLabel = "NAME=VALUE", arity = "1..*", description = "max-lag, max-load or nice-ratio.")
                    List<String> words) {
        Map<KnobWord, String> wanted = new EnumMap<>(KnobWord.class);
        for (String word : words) {
            KnobWord knob = knob(here, word);
            String value = word.substring(knob.word().length() + 1);
            String read = knob.read(value)
                    .orElseThrow(() -> new ParameterException(
                            here.spec().commandLine(),
                            knob.word() + " takes " + knob.expected() + ", not '" + value + "'"));
            if (wanted.put(knob, read) != null) {
                throw new ParameterException(here.spec().commandLine(), knob.word() + " is said twice");
            }
        }
        try (Migration migration = here.open()) {
            Register register = migration.register();
            ControlDatabase control = migration.control();
            wanted.forEach((knob, value) -> control.setSetting(knob.setting(), value));
            String summary = wanted.entrySet().stream()
                    .map(turned ->
                            turned.getKey().word() + "=" + turned.getKey().words(turned.getValue()))
                    .collect(Collectors.joining(" "));
            record(migration, register, "The copy goes on with " + summary);
            tell(here, migration, "Turned: " + summary + ". Undo:  cutover throttle off");
            return ExitCode.DONE.number();
        }
    }

    private static KnobWord knob(Invocation here, String word) {
        return KnobWord.all()
                .filter(knob -> word.startsWith(knob.word() + "="))
                .findFirst()
                .orElseThrow(() -> new ParameterException(
                        here.spec().commandLine(),
                        "'" + word + "' turns nothing: write "
                                + KnobWord.all().map(knob -> knob.word() + "=…").collect(Collectors.joining(", "))));
    }

    @Command(
            name = "off",
            header = "Back to what the plan says.",
            footer = {"", "Example:", "  cutover throttle off"})
    int off(@Mixin Invocation here) {
        try (Migration migration = here.open()) {
            Register register = migration.register();
            ControlDatabase control = migration.control();
            Map<String, String> settings = control.settings();
            List<KnobWord> turned = KnobWord.all()
                    .filter(knob -> settings.containsKey(knob.setting()))
                    .toList();
            turned.forEach(knob -> control.forgetSetting(knob.setting()));
            if (!turned.isEmpty()) {
                record(migration, register, "The copy goes on as the plan says");
            }
            tell(here, migration, turned.isEmpty() ? "Already as the plan says." : "As the plan says again.");
            return ExitCode.DONE.number();
        }
    }

    private static void record(Migration migration, Register register, String summary) {
        String state = register.stage() + "/" + register.mode() + "/" + register.epoch();
        migration
                .control()
                .appendEvent(new EventDraft(migration.actor(), "throttle", summary, state, state, null, null));
    }

    private static void tell(Invocation here, Migration migration, String first) {
        Map<String, String> settings = migration.control().settings();
        ObjectNode body = Json.object();
        for (KnobWord knob : KnobWord.values()) {
            String planned = knob.planned(migration.plan().copy());
            @Nullable String live = settings.get(knob.setting());
            body.putObject(knob.word())
                    .put("value", knob.words(live == null ? planned : live))
                    .put("plan", knob.words(planned))
                    .put("turned", live != null);
        }
        here.console().result("Throttle", migration.plan().migration(), body, to -> {
            if (!first.isEmpty()) {
                to.line(first);
            }
            body.fieldNames()
                    .forEachRemaining(name -> to.line("  " + "%-12s".formatted(name)
                            + "%-10s".formatted(body.path(name).path("value").asText())
                            + (body.path(name).path("turned").asBoolean()
                                    ? "plan " + body.path(name).path("plan").asText()
                                    : "as the plan says")));
        });
    }
}
