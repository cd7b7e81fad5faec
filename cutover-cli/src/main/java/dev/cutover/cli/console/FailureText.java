package dev.cutover.cli.console;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.failure.CommandFailedException;
import java.nio.file.Path;

/** The one shape of every failure: what and why, one fix, a stable code, where the log is; never a stack trace. */
public final class FailureText {
    private FailureText() {}

    public static void print(Console console, CommandFailedException failure, Path log) {
        if (console.json()) {
            ObjectNode body = Json.object();
            body.put("code", failure.problem().code());
            body.put("exitCode", failure.problem().exit().number());
            body.put("message", failure.sentence());
            body.set("details", Json.array(failure.details()));
            body.put("fix", failure.fix());
            body.put("log", log.toString());
            console.error(Json.compact(Json.envelope("Failure", "", body)));
            return;
        }
        console.error("cutover: " + failure.sentence());
        failure.details().forEach(detail -> console.error("  - " + detail));
        console.error("  fix   " + failure.fix());
        console.error("  code  " + failure.problem().code() + "   log  " + log);
    }
}
