package dev.cutover.cli.runbook;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One page of the runbooks.
 *
 * @param commands what its console blocks type, in order
 * @param fences the languages of all its blocks
 * @param wayBack the commands its way back names, in order
 * @param mentioned every command named in its text
 */
record RunbookPage(
        String name, List<Typed> commands, Set<String> fences, List<String> wayBack, List<String> mentioned) {
    private static final String CONSOLE = "console";
    private static final String PROMPT = "$ ";
    private static final Pattern WAY_BACK = Pattern.compile("\\*\\*Way back\\.\\*\\* .*");
    private static final Pattern MENTIONED = Pattern.compile("`(cutover [^`]+)`");

    /** A command and the lines a reader is promised to see; {@code …} stands for what varies. */
    record Typed(int line, String command, List<String> promised) {
        /** The promised lines that the output does not have, looked for in order. */
        List<String> missingIn(String output) {
            List<String> missing = new ArrayList<>();
            List<String> left =
                    new ArrayList<>(output.lines().map(String::strip).toList());
            for (String line : promised) {
                Pattern pattern = pattern(line);
                int found = -1;
                for (int i = 0; i < left.size() && found < 0; i++) {
                    found = pattern.matcher(left.get(i)).matches() ? i : -1;
                }
                if (found < 0) {
                    missing.add(line);
                } else {
                    left.subList(0, found + 1).clear();
                }
            }
            return missing;
        }

        private static Pattern pattern(String line) {
            return Pattern.compile(List.of(line.strip().split("…", -1)).stream()
                    .map(Pattern::quote)
                    .collect(Collectors.joining(".*")));
        }
    }

    static RunbookPage read(Path file) throws IOException {
        List<Typed> commands = new ArrayList<>();
        Set<String> fences = new TreeSet<>();
        String fence = "";
        List<String> lines = Files.readAllLines(file);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (line.startsWith("```")) {
                fence = fence.isEmpty() ? language(line) : "";
                if (!fence.isEmpty()) {
                    fences.add(fence);
                }
            } else if (fence.equals(CONSOLE) && line.startsWith(PROMPT)) {
                commands.add(new Typed(i + 1, line.substring(PROMPT.length()), new ArrayList<>()));
            } else if (fence.equals(CONSOLE)) {
                if (commands.isEmpty()) {
                    throw new IllegalArgumentException(file + ":" + (i + 1) + " promises output before a command.");
                }
                commands.get(commands.size() - 1).promised().add(line);
            }
        }
        String text = String.join("\n", lines);
        Matcher back = WAY_BACK.matcher(text);
        return new RunbookPage(
                file.getFileName().toString(),
                commands,
                fences,
                back.find() ? commandsIn(back.group()) : List.of(),
                commandsIn(text));
    }

    private static List<String> commandsIn(String text) {
        return MENTIONED.matcher(text).results().map(result -> result.group(1)).toList();
    }

    private static String language(String line) {
        String word = line.substring(3).strip();
        return word.isEmpty() ? "none" : word;
    }
}
