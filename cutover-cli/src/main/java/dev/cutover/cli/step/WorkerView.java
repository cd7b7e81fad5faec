package dev.cutover.cli.step;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.cli.console.Json;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.Instance;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the active worker last said about itself.
 *
 * @param lagSeconds how far the slowest stream is behind; null unless every stream runs: a lag nobody sees is no lag to rely on
 * @param trouble why a stream does not run; empty when all do
 * @param tables the copy, a line a table; empty when none runs
 * @param rate rows a second; null when unknown
 * @param etaSeconds null when unknown
 * @param status the whole of it
 */
public record WorkerView(
        String id,
        @Nullable Double lagSeconds,
        String trouble,
        List<Table> tables,
        @Nullable Double rate,
        @Nullable Double etaSeconds,
        JsonNode status) {

    /** Why a server is not watched for stray writes; empty when all are. */
    public String watchTrouble() {
        List<String> broken = new ArrayList<>();
        for (JsonNode watch : status.path("watches")) {
            if (watch.path("state").asText().equals("broken")) {
                broken.add("server " + watch.path("server").asText() + " is not watched for stray writes: "
                        + watch.path("reason").asText());
            }
        }
        return String.join("; ", broken);
    }

    /** How far the copy of one table is. */
    public record Table(
            String name,
            long copied,
            long total,
            String state,
            @Nullable String reason) {}

    /** The worker that streams, or any that is alive; empty when none is. */
    public static Optional<WorkerView> read(ControlDatabase control) {
        List<WorkerView> views = new ArrayList<>();
        for (Instance worker : Instances.workers(control)) {
            JsonNode status = Json.parse(worker.statusJson());
            views.add(of(worker.id(), status == null ? Json.object() : status));
        }
        return views.stream()
                .filter(view -> view.status().path("active").asBoolean())
                .findFirst()
                .or(() -> views.stream().findFirst());
    }

    static WorkerView of(String id, JsonNode status) {
        List<Table> tables = new ArrayList<>();
        for (JsonNode table : status.path("tables")) {
            tables.add(new Table(
                    table.path("name").asText(),
                    table.path("copied").asLong(),
                    table.path("total").asLong(),
                    table.path("state").asText(""),
                    table.path("reason").isTextual() ? table.path("reason").asText() : null));
        }
        @Nullable Double lag = null;
        List<String> trouble = new ArrayList<>();
        for (JsonNode stream : status.path("streams")) {
            @Nullable Double one = number(stream, "lagSeconds");
            boolean runs = stream.path("state").asText().equals("streaming") && one != null;
            if (one == null || !runs) {
                String reason = stream.path("reason").isTextual()
                        ? ": " + stream.path("reason").asText()
                        : "";
                trouble.add("stream " + stream.path("name").asText() + " is "
                        + stream.path("state").asText() + reason);
            } else {
                lag = lag == null ? one : Double.valueOf(Math.max(lag, one));
            }
        }
        return new WorkerView(
                id,
                trouble.isEmpty() ? lag : null,
                String.join("; ", trouble),
                List.copyOf(tables),
                number(status, "rate"),
                number(status, "etaSeconds"),
                status);
    }

    private static @Nullable Double number(JsonNode status, String name) {
        return status.path(name).isNumber() ? Double.valueOf(status.path(name).asDouble()) : null;
    }
}
