package dev.cutover.cli.command;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine;

/** Finds the words that somebody who mistyped one probably meant. */
final class Nearest {
    private static final int WORDS = 3;

    private Nearest() {}

    /** Options for a word that begins with a dash, commands for any other. */
    static List<String> to(String word, CommandLine command) {
        List<String> known = new ArrayList<>();
        if (word.startsWith("-")) {
            command.getCommandSpec().options().forEach(option -> known.addAll(List.of(option.names())));
        } else {
            for (Map.Entry<String, CommandLine> sub : command.getSubcommands().entrySet()) {
                known.add(sub.getValue().getCommandSpec().qualifiedName(" "));
            }
        }
        String prefix = word.startsWith("-") ? "" : command.getCommandSpec().qualifiedName(" ") + " ";
        return among(prefix + word, known, prefix.length());
    }

    /** The nearest of the known words, the best first; empty when none is near. */
    static List<String> among(String word, Collection<String> known, int prefix) {
        int limit = Math.max(2, (word.length() - prefix) / 2);
        String lower = word.toLowerCase(Locale.ROOT);
        return known.stream()
                .distinct()
                .filter(candidate -> distance(lower, candidate.toLowerCase(Locale.ROOT)) <= limit
                        || candidate.toLowerCase(Locale.ROOT).startsWith(lower))
                .sorted(Comparator.comparingInt(candidate -> distance(lower, candidate.toLowerCase(Locale.ROOT))))
                .limit(WORDS)
                .toList();
    }

    /** Edits between two words (Levenshtein). */
    static int distance(String left, String right) {
        int[] previous = new int[right.length() + 1];
        for (int j = 0; j <= right.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= left.length(); i++) {
            int[] current = new int[right.length() + 1];
            current[0] = i;
            for (int j = 1; j <= right.length(); j++) {
                int replaced = previous[j - 1] + (left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(replaced, 1 + Math.min(previous[j], current[j - 1]));
            }
            previous = current;
        }
        return previous[right.length()];
    }
}
