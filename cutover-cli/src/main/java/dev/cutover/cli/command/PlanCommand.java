package dev.cutover.cli.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.step.StageOrder;
import dev.cutover.core.plan.Endpoint;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.stage.Stage;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code cutover plan}. */
@Command(
        name = "plan",
        header = "All stages of the plan, their gates and what each one touches; connects to nothing.",
        footer = {"", "Examples:", "  cutover plan", "  cutover plan -f mall.yaml -o json"})
final class PlanCommand implements Callable<Integer> {
    @Mixin
    Invocation invocation = new Invocation();

    @Override
    public Integer call() {
        MigrationPlan plan = invocation.plan();
        invocation.console().result("Plan", plan.migration(), json(plan), to -> {
            to.line(to.strong(plan.migration()) + "  " + plan.strategy() + "  plan "
                    + plan.hash().substring(0, 12));
            to.line("  from " + plan.old().describe());
            to.line("  to   " + plan.meta().describe());
            for (Endpoint shard : plan.shards()) {
                to.line("       " + shard.describe());
            }
            to.line("  " + plan.layout().databases() + " databases x "
                    + plan.layout().tables() + " tables, by " + plan.shardKey());
            for (TablePlan table : plan.tables()) {
                to.line("  " + (table.dynamic() ? "dynamic " : "static  ") + table.fromTable() + " -> " + table.name());
            }
            to.line("");
            for (Stage stage : Stage.values()) {
                @Nullable String next = StageOrder.nextCommand(plan, stage);
                to.line(String.format(
                        Locale.ROOT,
                        "  %d %-15s %s",
                        stage.ordinal(),
                        stage,
                        next == null
                                ? "no way back from here"
                                : "then  cutover " + next + "   " + StageOrder.why(stage)));
            }
        });
        return ExitCode.DONE.number();
    }

    private static ObjectNode json(MigrationPlan plan) {
        ObjectNode body = Json.object();
        body.put("strategy", plan.strategy().name());
        body.put("hash", plan.hash());
        ArrayNode tables = body.putArray("tables");
        for (TablePlan table : plan.tables()) {
            tables.addObject()
                    .put("name", table.name())
                    .put("from", table.fromTable())
                    .put("kind", table.kind().name());
        }
        ArrayNode stages = body.putArray("stages");
        for (Stage stage : Stage.values()) {
            @Nullable String next = StageOrder.nextCommand(plan, stage);
            stages.addObject()
                    .put("stage", stage.name())
                    .put("next", next == null ? null : "cutover " + next)
                    .put("why", StageOrder.why(stage));
        }
        return body;
    }
}
