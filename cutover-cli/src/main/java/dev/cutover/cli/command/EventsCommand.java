package dev.cutover.cli.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.core.stage.Event;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code cutover events}. */
@Command(
        name = "events",
        header = "Who did what, when and why; says so when the chain of events was tampered with.",
        footer = {"", "Examples:", "  cutover events", "  cutover events --since 1h -o json"})
final class EventsCommand implements Callable<Integer> {
    @Mixin
    Invocation invocation = new Invocation();

    @Option(names = "--since", paramLabel = "DURATION", description = "Only the last hour, 10m, …")
    @Nullable
    Duration since;

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "50",
            description = "At most so many; default ${DEFAULT-VALUE}.")
    int limit = 50;

    @Override
    public Integer call() {
        try (Migration migration = invocation.open()) {
            migration.register();
            Duration window = since;
            Instant from =
                    window == null ? Instant.EPOCH : migration.control().now().minus(window);
            List<Event> events = migration.control().events(limit).stream()
                    .filter(event -> !event.at().isBefore(from))
                    .toList();
            boolean intact = migration.control().verifyEventChain();
            invocation.console().result("Events", migration.plan().migration(), json(events, intact), to -> {
                for (Event event : events) {
                    String reason = event.reason();
                    to.line(Json.time(event.at()) + "  " + event.actor() + "  " + event.kind() + "  " + event.summary()
                            + (reason == null ? "" : "  (" + reason + ")"));
                }
                to.line(
                        intact
                                ? "The chain of events is intact."
                                : to.bad("The chain of events is broken: an event was changed or removed."));
            });
            return ExitCode.DONE.number();
        }
    }

    private static ObjectNode json(List<Event> events, boolean intact) {
        ObjectNode body = Json.object();
        body.put("chainIntact", intact);
        ArrayNode array = body.putArray("events");
        for (Event event : events) {
            ObjectNode node = array.addObject();
            node.put("seq", event.seq());
            node.put("at", Json.time(event.at()));
            node.put("actor", event.actor());
            node.put("kind", event.kind());
            node.put("summary", event.summary());
            node.put("from", event.fromState());
            node.put("to", event.toState());
            node.put("reason", event.reason());
            node.set("detail", Json.parse(event.detailJson()));
            node.put("hash", event.hash());
        }
        return body;
    }
}
