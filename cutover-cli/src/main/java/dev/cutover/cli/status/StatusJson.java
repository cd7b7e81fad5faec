package dev.cutover.cli.status;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.step.StageOrder;
import dev.cutover.cli.step.WorkerView;
import dev.cutover.core.stage.Instance;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.Side;
import java.util.List;
import java.util.Locale;

/** A status for scripts; fields are only ever added. */
public final class StatusJson {
    private StatusJson() {}

    public static ObjectNode of(StatusReport status) {
        Register register = status.register();
        ObjectNode body = Json.object();
        body.put("stage", register.stage().name());
        body.put("stageIndex", register.stage().ordinal());
        body.put("epoch", register.epoch().number());
        body.put("version", register.version());
        body.put("phase", register.phase().name());
        body.put("health", status.healthy() ? "healthy" : "degraded");
        body.put("truth", word(register.truth()));
        ObjectNode writes = body.putObject("writes");
        writes.put("mode", register.mode().name());
        ArrayNode order = writes.putArray("order");
        order.add(word(register.truth()));
        if (register.mirror()) {
            order.add(word(register.truth().other()));
        }
        int toNew = register.truth() == Side.OLD ? register.readPercent() : 100;
        ObjectNode reads = body.putObject("reads");
        reads.put("old", 100 - toNew);
        reads.put("new", toNew);
        reads.putObject("shadow").put("pct", register.shadowPercent());
        ObjectNode lag = body.putObject("lag");
        Double seconds = status.worker().map(WorkerView::lagSeconds).orElse(null);
        lag.put("seconds", seconds);
        lag.put("limit", status.plan().switchPlan().maxLag().toMillis() / 1_000.0);
        verify(status, body.putObject("verify"));
        body.put("strays", status.strays().size());
        body.put("frozen", register.frozen());
        instances(status.proxies(), body.putArray("proxies"));
        instances(status.workers(), body.putArray("workers"));
        tables(status, body.putArray("tables"));
        ArrayNode next = body.putArray("next_steps");
        String command = status.next();
        if (command != null) {
            next.addObject().put("command", "cutover " + command).put("why", StageOrder.why(register.stage()));
        }
        body.set("warnings", Json.array(status.warnings()));
        return body;
    }

    private static String word(Side side) {
        return side.name().toLowerCase(Locale.ROOT);
    }

    private static void verify(StatusReport status, ObjectNode verify) {
        verify.put("state", status.verifyState());
        status.verification().ifPresent(run -> {
            verify.put("at", Json.time(run.finishedAt()));
            verify.put("rowsCompared", run.rowCount());
            verify.put("differ", run.differences());
            verify.put("epoch", run.epoch().number());
        });
        status.proofs().into(verify);
    }

    private static void instances(List<Instance> instances, ArrayNode array) {
        for (Instance instance : instances) {
            ObjectNode node = array.addObject();
            node.put("id", instance.id());
            node.put("version", instance.toolVersion());
            node.put("registerVersion", instance.registerVersion());
            node.put("epoch", instance.epoch());
            node.put("mode", instance.mode());
            node.put("heartbeatAt", Json.time(instance.heartbeatAt()));
            node.set("status", Json.parse(instance.statusJson()));
        }
    }

    private static void tables(StatusReport status, ArrayNode array) {
        status.worker().ifPresent(worker -> {
            for (WorkerView.Table table : worker.tables()) {
                array.addObject()
                        .put("name", table.name())
                        .put("copied", table.copied())
                        .put("total", table.total())
                        .put("totalIsEstimate", true)
                        .put("state", table.state())
                        .put("reason", table.reason());
            }
        });
    }
}
