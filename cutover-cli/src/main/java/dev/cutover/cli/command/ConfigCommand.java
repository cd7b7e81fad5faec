package dev.cutover.cli.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.console.Numbers;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.core.plan.Endpoint;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.verifier.report.ReportSchema;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code cutover config validate|show|schema}. */
@Command(
        name = "config",
        header = "Check the plan file, show the values in force, or print a JSON schema; secrets are never shown.",
        footer = {"", "Examples:", "  cutover config validate", "  cutover config show", "  cutover config schema"})
final class ConfigCommand implements Runnable {
    @Mixin
    Invocation invocation = new Invocation();

    @Override
    public void run() {
        throw Subcommands.missing(invocation);
    }

    @Command(
            name = "validate",
            header = "Every problem of the plan file at once; exit code 10 when there is one.",
            footer = {"", "Example:", "  cutover config validate -f mall.yaml"})
    int validate(@Mixin Invocation here) {
        MigrationPlan plan = here.plan();
        here.console()
                .result(
                        "Config",
                        plan.migration(),
                        Json.object().put("valid", true).put("hash", plan.hash()),
                        to -> to.line(to.good("✔") + " " + here.planFile() + " is valid: "
                                + plan.tables().size() + " tables, plan "
                                + plan.hash().substring(0, 12)));
        return ExitCode.DONE.number();
    }

    @Command(
            name = "show",
            header = "The values in force.",
            footer = {"", "Example:", "  cutover config show -o json"})
    int show(@Mixin Invocation here) {
        MigrationPlan plan = here.plan();
        Map<String, String> values = values(plan);
        ObjectNode body = Json.object();
        body.put("file", here.planFile().toString());
        ObjectNode settings = body.putObject("values");
        values.forEach(settings::put);
        here.console().result("Config", plan.migration(), body, to -> {
            to.line("# " + here.planFile());
            values.forEach((name, value) -> to.line(name + " = " + value));
        });
        return ExitCode.DONE.number();
    }

    @Command(
            name = "schema",
            header = "The JSON schema of what Cutover writes.",
            footer = {"", "Example:", "  cutover config schema --kind VerificationReport"})
    int schema(
            @Mixin Invocation here,
            @Option(
                            names = "--kind",
                            paramLabel = "KIND",
                            defaultValue = ReportSchema.KIND,
                            description = "What: ${DEFAULT-VALUE} is the only one so far, and the default.")
                    String kind) {
        if (!kind.equals(ReportSchema.KIND)) {
            throw new ParameterException(
                    here.spec().commandLine(),
                    "There is no schema of '" + kind + "'; there is one of " + ReportSchema.KIND);
        }
        here.console().print(ReportSchema.text());
        return ExitCode.DONE.number();
    }

    private static Map<String, String> values(MigrationPlan plan) {
        Map<String, String> values = new LinkedHashMap<>();
        values.put("migration", plan.migration());
        values.put("strategy", plan.strategy().name());
        List<Endpoint> endpoints = new ArrayList<>(List.of(plan.old(), plan.meta()));
        endpoints.addAll(plan.shards());
        endpoints.add(plan.control());
        for (Endpoint endpoint : endpoints) {
            values.put(
                    endpoint.name(),
                    endpoint.user() + "@" + endpoint.server() + "/" + endpoint.schema() + "  password "
                            + endpoint.password() + " from "
                            + endpoint.password().origin());
        }
        values.put("sharding.key", plan.shardKey());
        values.put("sharding.tables", Integer.toString(plan.layout().tables()));
        values.put("copy.chunkRows", Integer.toString(plan.copy().chunkRows()));
        values.put("copy.workers", Integer.toString(plan.copy().workers()));
        values.put("copy.niceRatio", Double.toString(plan.copy().niceRatio()));
        values.put("copy.maxLag", Numbers.duration(plan.copy().maxLag()));
        values.put("verify.freshness", Numbers.duration(plan.verify().freshness()));
        values.put("verify.rangeRows", Integer.toString(plan.verify().rangeRows()));
        Duration continuous = plan.verify().continuous();
        values.put("verify.continuous", continuous == null ? "off" : Numbers.duration(continuous));
        values.put("verify.masked", plan.verify().masked().toString());
        values.put("reads.steps", plan.reads().steps().toString());
        values.put("switch.maxLag", Numbers.duration(plan.switchPlan().maxLag()));
        values.put("switch.writePause", Numbers.duration(plan.switchPlan().writePause()));
        values.put("switch.timeout", Numbers.duration(plan.switchPlan().timeout()));
        values.put("fence.triggers", Boolean.toString(plan.fence().triggers()));
        values.put("fence.exempt", plan.fence().exempt().toString());
        values.put("plan.hash", plan.hash());
        return values;
    }
}
