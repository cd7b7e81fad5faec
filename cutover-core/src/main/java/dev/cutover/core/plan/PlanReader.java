package dev.cutover.core.plan;

import dev.cutover.core.plan.EndpointReader.Login;
import dev.cutover.core.plan.MigrationPlan.Strategy;
import dev.cutover.core.routing.ShardLayout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/** Turns a plan file into a {@link MigrationPlan}, or refuses it with every problem at once. Owned by one thread. */
public final class PlanReader {
    private static final String VERSION = "cutover/v1";

    private final Problems problems = new Problems();
    private final EndpointReader endpoints;

    private PlanReader(boolean inlineSecretsAllowed) {
        this.endpoints = new EndpointReader(problems, inlineSecretsAllowed);
    }

    /** Reads a plan; passwords written in place are refused. */
    public static MigrationPlan read(Path file) {
        return read(file, false);
    }

    /** Reads a plan. */
    public static MigrationPlan read(Path file, boolean inlineSecretsAllowed) {
        String text;
        try {
            text = Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new PlanInvalidException(
                    file.toString(),
                    List.of(new Problem(
                            1,
                            1,
                            e instanceof NoSuchFileException
                                    ? "There is no plan here."
                                    : "The plan cannot be read (" + e.getMessage() + ").",
                            "Name it with -f or $CUTOVER_CONFIG, or start where cutover.yaml is.")));
        }
        return parse(text, file.toString(), inlineSecretsAllowed);
    }

    /** Reads a plan from text; {@code file} is what problems call it. */
    public static MigrationPlan parse(String text, String file, boolean inlineSecretsAllowed) {
        PlanReader reader = new PlanReader(inlineSecretsAllowed);
        Node root = compose(text, file);
        MigrationPlan plan = reader.plan(new Section(root, "", reader.problems));
        if (plan == null || reader.problems.any()) {
            throw new PlanInvalidException(file, reader.problems.all());
        }
        return plan;
    }

    /** {@code $CUTOVER_CONFIG}, else {@code ./cutover.yaml}. */
    public static Path defaultPath() {
        String configured = System.getenv("CUTOVER_CONFIG");
        return Path.of(configured == null || configured.isBlank() ? "cutover.yaml" : configured);
    }

    private static Node compose(String text, String file) {
        LoadSettings settings = LoadSettings.builder()
                .setLabel(file)
                .setSchema(new CoreSchema())
                .build();
        Problem problem;
        try {
            Optional<Node> root = new Compose(settings).composeString(text);
            if (root.isPresent()) {
                return root.get();
            }
            problem = new Problem(1, 1, "The plan is empty.", null);
        } catch (MarkedYamlEngineException e) {
            problem = new Problem(
                    e.getProblemMark().map(mark -> mark.getLine() + 1).orElse(1),
                    e.getProblemMark().map(mark -> mark.getColumn() + 1).orElse(1),
                    "This is not YAML: " + e.getProblem() + ".",
                    null);
        } catch (YamlEngineException e) {
            problem = new Problem(1, 1, "This is not YAML: " + e.getMessage() + ".", null);
        }
        throw new PlanInvalidException(file, List.of(problem));
    }

    private @Nullable MigrationPlan plan(Section root) {
        root.choice("apiVersion", null, VERSION);
        String migration = root.text("migration");
        Strategy strategy =
                root.choice("strategy", "rolling", "rolling", "stop-the-world").equals("rolling")
                        ? Strategy.ROLLING
                        : Strategy.STOP_THE_WORLD;
        Endpoint old = old(root);
        NewSide newSide = newSide(root);
        Endpoint control = control(root, newSide.login());
        List<TablePlan> tables = tables(root);
        Handover handover = handover(root);
        Section backOffice = root.optionalSection("backOffice");
        List<String> frozen = backOffice == null ? List.of() : backOffice.names("freeze");
        finish(backOffice);
        CopyPlan copy = copy(root);
        VerifyPlan verify = verify(root, tables);
        ReadsPlan reads = reads(root);
        SwitchPlan switchPlan = switchPlan(root);
        FencePlan fence = fence(root, List.of(old.user(), newSide.login().user()));
        root.finish();
        if (problems.any()) {
            return null;
        }
        MigrationPlan plan = new MigrationPlan(
                migration,
                strategy,
                old,
                newSide.meta(),
                newSide.shards(),
                newSide.shardKey(),
                newSide.layout(),
                control,
                tables,
                handover,
                frozen,
                copy,
                verify,
                reads,
                switchPlan,
                fence,
                "");
        return plan.withHash(PlanHash.of(plan));
    }

    private Endpoint old(Section root) {
        Section old = root.section("old");
        if (old == null) {
            return endpoints.endpoint("old", root.node(), "", Login.NOBODY);
        }
        Endpoint endpoint = endpoints.endpoint("old", old.nodeOf("url"), old.text("url"), endpoints.login(old, null));
        old.finish();
        return endpoint;
    }

    private record NewSide(Endpoint meta, List<Endpoint> shards, String shardKey, ShardLayout layout, Login login) {}

    private NewSide newSide(Section root) {
        Section side = root.section("new");
        if (side == null) {
            return new NewSide(
                    endpoints.endpoint("meta", root.node(), "", Login.NOBODY),
                    List.of(),
                    "",
                    new ShardLayout(1, 1),
                    Login.NOBODY);
        }
        Login login = endpoints.login(side, null);
        Endpoint meta = endpoints.endpoint("meta", side.nodeOf("meta"), side.text("meta"), login);
        List<Endpoint> shards = new ArrayList<>();
        for (ScalarNode entry : side.texts("databases")) {
            for (String url : endpoints.expand(entry)) {
                shards.add(endpoints.endpoint("shard-" + shards.size(), entry, url, login));
            }
        }
        if (shards.isEmpty()) {
            problems.add(side.nodeOf("databases"), "'new.databases' must list at least one shard database.");
        }
        Section sharding = side.section("sharding");
        String shardKey = sharding == null ? "" : sharding.name("key");
        int perDatabase = 1;
        if (sharding != null) {
            if (!sharding.has("tables")) {
                problems.add(sharding.node(), "'new.sharding.tables' is missing.");
            }
            perDatabase = sharding.integer("tables", 1, 1024, 1);
            if ((long) perDatabase * shards.size() > 1024) {
                problems.add(
                        sharding.nodeOf("tables"),
                        shards.size() + " databases x " + perDatabase + " tables are "
                                + (long) perDatabase * shards.size()
                                + " physical tables, but ids carry ten bits: 1024 at most.");
                perDatabase = 1;
            }
        }
        finish(sharding);
        side.finish();
        int databases = Math.min(1024, Math.max(1, shards.size()));
        return new NewSide(meta, shards, shardKey, new ShardLayout(databases, perDatabase), login);
    }

    private Endpoint control(Section root, Login fallback) {
        Section control = root.section("control");
        if (control == null) {
            return endpoints.endpoint("control", root.node(), "", fallback);
        }
        Endpoint endpoint = endpoints.endpoint(
                "control", control.nodeOf("url"), control.text("url"), endpoints.login(control, fallback));
        control.finish();
        return endpoint;
    }

    private List<TablePlan> tables(Section root) {
        TableReader reader = new TableReader(problems);
        List<TablePlan> tables = new ArrayList<>();
        for (Section table : root.sections("tables")) {
            tables.add(reader.read(table));
        }
        if (tables.isEmpty()) {
            problems.add(root.nodeOf("tables"), "'tables' must list at least one table.");
        }
        return tables;
    }

    private Handover handover(Section root) {
        Section handover = root.optionalSection("handover");
        if (handover == null) {
            return new Handover(List.of(), null);
        }
        List<Sequence> sequences = new ArrayList<>();
        for (Section sequence : handover.sections("sequences")) {
            sequences.add(new Sequence(
                    sequence.name("name"),
                    sequence.name("table"),
                    sequence.name("column"),
                    sequence.integer("gap", 1, 100_000_000, 10_000)));
            sequence.finish();
        }
        Section stock = handover.optionalSection("stock");
        Stock read = stock == null ? null : stock(stock);
        handover.finish();
        return new Handover(sequences, read);
    }

    private Stock stock(Section stock) {
        Section from = stock.section("from");
        Section issued = stock.section("issued");
        Section slices = stock.section("slices");
        String unlimited = from == null ? "" : from.text("unlimited");
        Stock read = new Stock(
                name(from, "table"),
                name(from, "key"),
                name(from, "total"),
                name(from, "remaining"),
                unlimited,
                name(issued, "table"),
                name(issued, "column"),
                name(slices, "table"),
                slices == null ? 1 : slices.integer("perDatabase", 1, 1024, 4));
        if (from != null && !unlimited.isEmpty()) {
            try {
                Expression.parse(unlimited)
                        .faults()
                        .forEach(fault -> problems.add(from.nodeOf("unlimited"), "'unlimited' " + fault + "."));
            } catch (IllegalArgumentException e) {
                problems.add(from.nodeOf("unlimited"), "'unlimited' cannot be read: " + e.getMessage() + ".");
            }
        }
        finish(from);
        finish(issued);
        finish(slices);
        stock.finish();
        return read;
    }

    private CopyPlan copy(Section root) {
        Section copy = root.optionalSection("copy");
        CopyPlan defaults = CopyPlan.DEFAULTS;
        if (copy == null) {
            return defaults;
        }
        CopyPlan read = new CopyPlan(
                copy.integer("chunkRows", 1, 100_000, defaults.chunkRows()),
                copy.integer("workers", 1, 64, defaults.workers()),
                positive(copy, "maxLag", defaults.maxLag()),
                copy.integer("maxThreadsRunning", 1, 100_000, defaults.maxThreadsRunning()),
                copy.decimal("niceRatio", 100, defaults.niceRatio()));
        copy.finish();
        return read;
    }

    private VerifyPlan verify(Section root, List<TablePlan> tables) {
        Section verify = root.optionalSection("verify");
        VerifyPlan defaults = VerifyPlan.DEFAULTS;
        if (verify == null) {
            return defaults;
        }
        VerifyPlan read = new VerifyPlan(
                positive(verify, "freshness", defaults.freshness()),
                verify.integer("rangeRows", 1, 1_000_000, defaults.rangeRows()),
                masked(verify, tables),
                verify.has("continuous") ? positive(verify, "continuous", Duration.ofMinutes(10)) : null);
        verify.finish();
        return read;
    }

    private List<String> masked(Section verify, List<TablePlan> tables) {
        if (!verify.has("masked")) {
            return List.of();
        }
        List<String> known = tables.stream()
                .flatMap(table -> Stream.of(table.key(), table.columns(), table.onlyNew())
                        .flatMap(columns -> columns.keySet().stream())
                        .map(column -> table.name() + "." + column))
                .toList();
        List<String> masked = new ArrayList<>();
        for (ScalarNode name : verify.texts("masked")) {
            if (known.stream().noneMatch(name.getValue()::equalsIgnoreCase)) {
                // A mask with a misspelt name would show what it should hide.
                problems.add(
                        name,
                        "'" + name.getValue() + "' is no table.column of NEW.",
                        Closest.suggestion(name.getValue(), known));
            }
            masked.add(name.getValue());
        }
        return masked;
    }

    private ReadsPlan reads(Section root) {
        Section reads = root.optionalSection("reads");
        ReadsPlan defaults = ReadsPlan.DEFAULTS;
        if (reads == null) {
            return defaults;
        }
        List<Integer> steps = new ArrayList<>();
        for (ScalarNode step : reads.texts("steps")) {
            int previous = steps.isEmpty() ? 0 : steps.get(steps.size() - 1);
            String text = step.getValue();
            int percent = text.matches("\\d{1,3}") ? Integer.parseInt(text) : -1;
            if (percent <= previous || percent > 100) {
                problems.add(
                        step,
                        "The steps of 'reads' grow from 1 to 100, but after " + previous + " stands '" + text + "'.");
            } else {
                steps.add(percent);
            }
        }
        if (!steps.isEmpty() && steps.get(steps.size() - 1) != 100) {
            problems.add(reads.nodeOf("steps"), "The last step of 'reads' must be 100.");
        }
        ReadsPlan read = new ReadsPlan(
                steps.isEmpty() ? defaults.steps() : steps,
                reads.percent("abortOnDifferPercent", defaults.abortOnDifferPercent()));
        reads.finish();
        return read;
    }

    private SwitchPlan switchPlan(Section root) {
        Section section = root.optionalSection("switch");
        SwitchPlan defaults = SwitchPlan.DEFAULTS;
        if (section == null) {
            return defaults;
        }
        SwitchPlan read = new SwitchPlan(
                positive(section, "maxLag", defaults.maxLag()),
                positive(section, "writePause", defaults.writePause()),
                positive(section, "timeout", defaults.timeout()));
        if (read.writePause().compareTo(read.timeout()) > 0) {
            problems.add(section.nodeOf("timeout"), "'switch.timeout' is shorter than 'switch.writePause'.");
        }
        section.finish();
        return read;
    }

    private FencePlan fence(Section root, List<String> ours) {
        Section section = root.optionalSection("fence");
        if (section == null) {
            return FencePlan.DEFAULTS;
        }
        boolean triggers = section.choice("triggers", "false", "false", "true").equals("true");
        List<String> exempt = new ArrayList<>();
        for (ScalarNode account : section.has("exempt") ? section.texts("exempt") : List.<ScalarNode>of()) {
            if (account.getValue().matches("[A-Za-z0-9_.-]{1,32}")) {
                exempt.add(account.getValue());
            } else {
                problems.add(
                        account,
                        "'" + account.getValue() + "' is not a usable account name.",
                        "Name the account without its host: 1 to 32 letters, digits, '_', '.' or '-'.");
            }
        }
        if (!exempt.isEmpty() && !exempt.containsAll(ours)) {
            problems.add(
                    section.nodeOf("exempt"),
                    "'fence.exempt' leaves out "
                            + ours.stream()
                                    .filter(user -> !exempt.contains(user))
                                    .distinct()
                                    .toList()
                            + ", with which the applier itself logs in: the triggers would refuse it.",
                    "Name it too, or leave 'exempt' out: then the sessions Cutover opens pass.");
        }
        section.finish();
        return new FencePlan(triggers, exempt);
    }

    private Duration positive(Section section, String key, Duration fallback) {
        Duration read = section.duration(key, fallback);
        if (read.isZero()) {
            problems.add(section.nodeOf(key), "'" + key + "' must be longer than nothing.");
        }
        return read;
    }

    private static String name(@Nullable Section section, String key) {
        return section == null ? "" : section.name(key);
    }

    private static void finish(@Nullable Section section) {
        if (section != null) {
            section.finish();
        }
    }
}
