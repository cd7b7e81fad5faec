package dev.cutover.cli.command;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.UsageMessageSpec;

/** Lists the commands of the root help by what they are for. */
final class CommandGroups {
    private static final Map<String, List<String>> GROUPS = groups();

    private CommandGroups() {}

    private static Map<String, List<String>> groups() {
        Map<String, List<String>> groups = new LinkedHashMap<>();
        groups.put("start here", List.of("demo", "init", "plan", "next"));
        groups.put("watch", List.of("status", "events", "strays", "report"));
        groups.put(
                "stages (in order)",
                List.of(
                        "preflight",
                        "freeze",
                        "single-write",
                        "copy",
                        "dual-write",
                        "verify",
                        "reads",
                        "switch",
                        "complete"));
        groups.put("control", List.of("rollback", "pause", "resume", "throttle", "repair", "adopt", "stop-the-world"));
        groups.put("other", List.of("fence", "worker", "config", "help"));
        return groups;
    }

    static void render(CommandLine line) {
        line.getHelpSectionMap()
                .put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST_HEADING, help -> "%nCommands:%n".formatted());
        line.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST, CommandGroups::list);
    }

    private static String list(Help help) {
        StringBuilder text = new StringBuilder();
        GROUPS.forEach((title, names) -> {
            text.append(" ").append(title).append(System.lineSeparator());
            for (String name : names) {
                Help sub = help.subcommands().get(name);
                if (sub != null) {
                    String[] description = sub.commandSpec().usageMessage().description();
                    String[] header = sub.commandSpec().usageMessage().header();
                    String first = header.length > 0 ? header[0] : description.length > 0 ? description[0] : "";
                    text.append("%-18s".formatted("   " + name)).append(first).append(System.lineSeparator());
                }
            }
        });
        return text.toString();
    }
}
