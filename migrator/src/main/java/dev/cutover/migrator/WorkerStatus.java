package dev.cutover.migrator;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.migrator.apply.ApplyWorker;
import dev.cutover.migrator.watch.Watches;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The status a worker puts into its heartbeat. */
final class WorkerStatus {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private WorkerStatus() {}

    static String json(boolean active, Streams streams, List<Progress> tables, Watches watches) {
        ObjectNode status = JSON.objectNode();
        status.put("active", active);
        status.put("lagSeconds", seconds(streams.lag()));
        ArrayNode streamList = status.putArray("streams");
        for (StreamKeeper keeper : streams.keepers()) {
            stream(streamList.addObject(), keeper);
        }
        ArrayNode watchList = status.putArray("watches");
        for (Watches.WatchState watch : watches.states()) {
            watchList
                    .addObject()
                    .put("server", watch.server())
                    .put("state", watch.state())
                    .put("reason", watch.reason());
        }
        ArrayNode tableList = status.putArray("tables");
        double rate = 0;
        long eta = 0;
        boolean known = false;
        for (Progress progress : tables) {
            table(tableList.addObject(), progress);
            if (progress.state().equals("copying")) {
                rate += progress.rowsPerSecond();
            }
            if (progress.eta() != null) {
                eta += progress.eta().toSeconds();
                known = true;
            }
        }
        status.put("rate", Math.round(rate));
        if (known) {
            status.put("etaSeconds", eta);
        } else {
            status.putNull("etaSeconds");
        }
        return status.toString();
    }

    private static void stream(ObjectNode node, StreamKeeper keeper) {
        node.put("name", keeper.stream());
        node.put("epoch", keeper.epoch().number());
        node.put("state", keeper.state());
        node.put("reason", keeper.reason().orElse(null));
        keeper.pipeline().ifPresent(pipeline -> {
            node.put("lagSeconds", seconds(pipeline.lag()));
            ArrayNode targets = node.putArray("targets");
            for (ApplyWorker applier : pipeline.appliers()) {
                ObjectNode target = targets.addObject();
                target.put("database", applier.database().name());
                target.put("rowsApplied", applier.rowsApplied());
                target.put("waiting", applier.waiting());
            }
        });
    }

    private static @Nullable Double seconds(Optional<Duration> lag) {
        return lag.map(one -> one.toMillis() / 1000.0).orElse(null);
    }

    private static void table(ObjectNode node, Progress progress) {
        node.put("name", progress.table());
        node.put("copied", progress.copied());
        node.put("total", progress.total());
        node.put("state", progress.state());
        node.put("reason", progress.reason());
        node.put("rowsPerSecond", Math.round(progress.rowsPerSecond()));
    }
}
