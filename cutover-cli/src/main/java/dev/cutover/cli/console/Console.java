package dev.cutover.cli.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.List;
import java.util.function.Consumer;

/**
 * Where a command writes: results to standard output, notes about the way there to wherever they do not disturb the result.
 *
 * <p>Safe for many threads.
 */
public final class Console {
    private final PrintWriter out;
    private final PrintWriter err;
    private final OutputFormat format;
    private final boolean colour;
    private final boolean quiet;
    private final Prompt prompt;

    public Console(
            PrintWriter out, PrintWriter err, OutputFormat format, boolean colour, boolean quiet, Prompt prompt) {
        this.out = out;
        this.err = err;
        this.format = format;
        this.colour = colour;
        this.quiet = quiet;
        this.prompt = prompt;
    }

    /** The answer of the command, in the format that was asked for; the JSON gets its envelope here. */
    public void result(String kind, String migration, ObjectNode body, Consumer<Console> text) {
        if (format == OutputFormat.JSON) {
            out.println(Json.compact(Json.envelope(kind, migration, body)));
            out.flush();
        } else {
            text.accept(this);
        }
    }

    /** One JSON document without an envelope, for commands whose form is fixed elsewhere. */
    public void bare(JsonNode document) {
        out.println(Json.compact(document));
        out.flush();
    }

    /** A document that has a form of its own, whatever format was asked for. */
    public void print(String document) {
        out.print(document);
        out.flush();
    }

    /** A line of a text result; nothing when JSON was asked for. */
    public void line(String text) {
        if (format == OutputFormat.TEXT) {
            out.println(text);
            out.flush();
        }
    }

    public void lines(List<String> lines) {
        lines.forEach(this::line);
    }

    /** A line about the way to the result: silent with {@code -q}, on standard error beside JSON. */
    public void note(String text) {
        if (quiet) {
            return;
        }
        PrintWriter writer = format == OutputFormat.JSON ? err : out;
        writer.println(text);
        writer.flush();
    }

    /** A line to standard error, always. */
    public void error(String text) {
        err.println(text);
        err.flush();
    }

    public boolean json() {
        return format == OutputFormat.JSON;
    }

    public Prompt prompt() {
        return prompt;
    }

    public String good(String text) {
        return paint("32", text);
    }

    public String bad(String text) {
        return paint("31", text);
    }

    public String strong(String text) {
        return paint("1", text);
    }

    public String faint(String text) {
        return paint("2", text);
    }

    private String paint(String code, String text) {
        return colour ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }

    /** Moves the cursor up and clears what is below, for a display that redraws itself; nothing without a terminal. */
    public void rewind(int lines) {
        if (colour && format == OutputFormat.TEXT && lines > 0) {
            out.print("\u001b[" + lines + "F\u001b[J");
            out.flush();
        }
    }

    /** Whether a display may redraw itself. */
    public boolean redraws() {
        return colour && format == OutputFormat.TEXT;
    }
}
