package dev.cutover.cli.command;

import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine;

/** Every command by its name, in the order of the help. */
final class CommandList {
    static final String HELP = "help";

    private static final Map<String, Class<?>> ALL = all();

    private CommandList() {}

    private static Map<String, Class<?>> all() {
        Map<String, Class<?>> all = new LinkedHashMap<>();
        all.put("demo", DemoCommand.class);
        all.put("init", InitCommand.class);
        all.put("plan", PlanCommand.class);
        all.put("next", NextCommand.class);
        all.put("status", StatusCommand.class);
        all.put("events", EventsCommand.class);
        all.put("strays", StraysCommand.class);
        all.put("report", ReportCommand.class);
        all.put("preflight", PreflightCommand.class);
        all.put("freeze", FreezeCommand.class);
        all.put("single-write", SingleWriteCommand.class);
        all.put("copy", CopyCommand.class);
        all.put("dual-write", DualWriteCommand.class);
        all.put("verify", VerifyCommand.class);
        all.put("reads", ReadsCommand.class);
        all.put("switch", SwitchCommand.class);
        all.put("complete", CompleteCommand.class);
        all.put("rollback", RollbackCommand.class);
        all.put("stop-the-world", StopTheWorldCommand.class);
        all.put("repair", RepairCommand.class);
        all.put("adopt", AdoptCommand.class);
        all.put("fence", FenceCommand.class);
        all.put("worker", WorkerCommand.class);
        all.put("pause", PauseCommand.class);
        all.put("resume", ResumeCommand.class);
        all.put("throttle", ThrottleCommand.class);
        all.put("config", ConfigCommand.class);
        all.put(HELP, HelpCommand.class);
        return all;
    }

    /**
     * Adds the command that the first word names, and all where it names none: reading the annotations of all of them costs each command a
     * tenth of a second.
     */
    static void addTo(CommandLine line, String... arguments) {
        String first = arguments.length == 0 ? HELP : arguments[0];
        Class<?> asked = first.equals(HELP) ? null : ALL.get(first);
        if (asked != null) {
            line.addSubcommand(asked);
        } else {
            ALL.values().forEach(line::addSubcommand);
        }
    }

    static Map<String, Class<?>> commands() {
        return ALL;
    }
}
