package dev.cutover.chaos.history;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Writes the appends and fresh reads of a history in the form that Elle's list-append checker takes, so that anybody can hold another checker
 * against it: {@code elle-cli --model list-append history.edn}. Stateless.
 *
 * <p>Routed reads promise less than Elle asks for and are left out, and so are coupons. A process that does not know what became of its operation
 * goes on under another number, as Jepsen's do.
 */
public final class ElleExport {
    private ElleExport() {}

    /** Which lists each read answered with, or is about to; from a first pass. */
    private record Asked(long user, Request request, SortedSet<Integer> keys) {}

    /** Returns how many lines were written; {@code edn} is replaced. */
    public static long write(Path history, Path edn) {
        Map<String, Asked> asked = new HashMap<>();
        HistoryReader.read(history, entry -> {
            if (entry instanceof HistoryRecord.Invoke invoke
                    && (invoke.request() instanceof Request.Append
                            || invoke.request() instanceof Request.Read read && read.mode() == ReadMode.FRESH)) {
                asked.put(invoke.op(), new Asked(invoke.user(), invoke.request(), new TreeSet<>()));
            } else if (entry instanceof HistoryRecord.Ok ok) {
                Asked of = asked.get(ok.op());
                if (of != null) {
                    of.keys.addAll(ok.lists().keySet());
                }
            }
        });
        try (Writer out = Files.newBufferedWriter(edn, StandardCharsets.US_ASCII)) {
            Lines lines = new Lines(asked, out);
            HistoryReader.read(history, lines::take);
            return lines.index;
        } catch (IOException e) {
            throw new UncheckedIOException("The export " + edn + " cannot be written: " + e.getMessage(), e);
        }
    }

    /** Writes line after line. */
    private static final class Lines {
        private final Map<String, Asked> asked;
        private final Writer out;
        private final Map<Integer, Integer> lives = new HashMap<>();
        private long index;

        Lines(Map<String, Asked> asked, Writer out) {
            this.asked = asked;
            this.out = out;
        }

        void take(HistoryRecord entry) {
            if (!(entry instanceof HistoryRecord.OfOperation of)) {
                return;
            }
            Asked what = asked.get(of.op());
            if (what == null) {
                return;
            }
            HistoryRecord.@Nullable Ok ok = entry instanceof HistoryRecord.Ok answered ? answered : null;
            int life = lives.getOrDefault(of.process(), 0);
            line("{:index " + index + ", :type :" + entry.type() + ", :process " + (of.process() + 100_000L * life)
                    + ", :time " + entry.at() + ", :f :txn, :value [" + value(what, of.op(), ok) + "]}\n");
            if (entry instanceof HistoryRecord.Info) {
                lives.put(of.process(), life + 1);
            }
        }

        private static String value(Asked what, String op, HistoryRecord.@Nullable Ok ok) {
            StringBuilder value = new StringBuilder();
            if (what.request instanceof Request.Append append) {
                for (int key : append.keys()) {
                    value.append(value.isEmpty() ? "" : " ").append("[:append ").append(name(what, key));
                    value.append(" \"").append(op).append("\"]");
                }
                return value.toString();
            }
            for (int key : what.keys) {
                value.append(value.isEmpty() ? "" : " ")
                        .append("[:r ")
                        .append(name(what, key))
                        .append(' ');
                value.append(ok == null ? "nil" : list(ok.lists().getOrDefault(key, List.of())));
                value.append(']');
            }
            return value.toString();
        }

        private static String name(Asked what, int key) {
            return "\"" + what.user + "/" + key + "\"";
        }

        private static String list(List<String> ops) {
            return ops.isEmpty() ? "[]" : "[\"" + String.join("\" \"", ops) + "\"]";
        }

        private void line(String text) {
            try {
                out.write(text);
                index++;
            } catch (IOException e) {
                throw new UncheckedIOException("A line of the export cannot be written: " + e.getMessage(), e);
            }
        }
    }
}
