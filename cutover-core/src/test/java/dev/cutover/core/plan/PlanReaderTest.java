package dev.cutover.core.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cutover.core.routing.ShardLayout;
import dev.cutover.core.topology.DatabaseId;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class PlanReaderTest {
    private static final String COUPON = resource("/plan/coupon.yaml");

    private static final String SMALL = """
            apiVersion: cutover/v1
            migration: small
            old: {url: "jdbc:mysql://a:3306/old", user: u, password: {env: SMALL_PASSWORD}}
            new:
              user: v
              password: {env: SMALL_PASSWORD}
              meta: jdbc:mysql://b:3306/meta
              databases: ["jdbc:mysql://b:3306/new_{0..1}"]
              sharding: {key: user_id, tables: 4}
            control: {url: "jdbc:mysql://b:3306/ctl"}
            tables:
              - name: thing
                kind: dynamic
                from: {table: old_thing, key: [id]}
                shardBy: user_id
                key: {thing_id: "{id}"}
                columns: {user_id: s.user_id}
                backKey: {id: "{thing_id}"}
                back: {user_id: n.user_id}
            """;

    @Test
    void readsTheCouponPlan() {
        MigrationPlan plan = PlanReader.parse(COUPON, "cutover.yaml", false);

        assertThat(plan.migration()).isEqualTo("mall-coupons");
        assertThat(plan.strategy()).isEqualTo(MigrationPlan.Strategy.ROLLING);
        assertThat(plan.layout()).isEqualTo(new ShardLayout(4, 16));
        assertThat(plan.shards())
                .extracting(Endpoint::schema)
                .containsExactly("coupon_db_0", "coupon_db_1", "coupon_db_2", "coupon_db_3");
        assertThat(plan.shards()).extracting(Endpoint::port).containsExactly(3307, 3307, 3308, 3308);
        assertThat(plan.control().user()).isEqualTo("cutover");
        assertThat(plan.dynamicTables())
                .extracting(TablePlan::name)
                .containsExactly("user_coupon", "coupon_redemption", "coupon_operation");
        assertThat(plan.copy().niceRatio()).isEqualTo(0.5);
        TablePlan coupon = plan.table("user_coupon");
        assertThat(coupon.key()).containsEntry("coupon_id", "({id} << 10) | {shard}");
        assertThat(coupon.columns().keySet()).startsWith("user_id", "template_id", "coupon_sn");
        assertThat(coupon.joins())
                .containsExactly(new Join("mall_coupon", "t", "t.id = s.coupon_id", Join.Change.STOP));
        assertThat(plan.physicalTable(coupon, 21)).isEqualTo("user_coupon_005");
        assertThat(plan.databaseOf(coupon, 21)).isEqualTo(DatabaseId.shard(1));
        assertThat(plan.physicalTable(plan.table("coupon_template"), 0)).isEqualTo("coupon_template");
        assertThat(plan.handover().sequences()).hasSize(2);
        assertThat(Objects.requireNonNull(plan.handover().stock()).slicesPerDatabase())
                .isEqualTo(4);
        assertThat(plan.frozenTables()).containsExactly("mall_coupon", "mall_coupon_goods", "mall_coupon_super_black");
        assertThat(plan.switchPlan().writePause()).isEqualTo(Duration.ofMillis(500));
        assertThat(plan.endpoint(DatabaseId.shard(3)).describe()).isEqualTo("shard-3 (127.0.0.1:3308/coupon_db_3)");
    }

    @Test
    void whoIsExemptFromTheTriggersMustIncludeTheApplier() {
        MigrationPlan plan =
                PlanReader.parse(SMALL + "\nfence: {triggers: true, exempt: [" + users() + "]}\n", "p.yaml", false);
        assertThat(plan.fence().triggers()).isTrue();
        assertThatThrownBy(() -> PlanReader.parse(SMALL + "\nfence: {exempt: [somebody]}\n", "p.yaml", false))
                .isInstanceOf(PlanInvalidException.class)
                .hasMessageContaining("leaves out");
    }

    private static String users() {
        MigrationPlan plan = PlanReader.parse(SMALL, "p.yaml", false);
        return plan.old().user() + ", " + plan.meta().user();
    }

    @Test
    void pinsTheDefaults() {
        MigrationPlan plan = PlanReader.parse(SMALL, "cutover.yaml", false);

        assertThat(plan.strategy()).isEqualTo(MigrationPlan.Strategy.ROLLING);
        assertThat(plan.copy()).isEqualTo(new CopyPlan(2000, 2, Duration.ofSeconds(10), 60, 0));
        assertThat(plan.fence()).isEqualTo(new FencePlan(false, List.of()));
        assertThat(plan.verify()).isEqualTo(new VerifyPlan(Duration.ofHours(24), 64_000, List.of(), null));
        assertThat(plan.reads()).isEqualTo(new ReadsPlan(List.of(1, 5, 25, 50, 100), 0.1));
        assertThat(plan.switchPlan())
                .isEqualTo(new SwitchPlan(Duration.ofSeconds(2), Duration.ofMillis(500), Duration.ofSeconds(30)));
        assertThat(plan.handover()).isEqualTo(new Handover(List.of(), null));
        assertThat(plan.frozenTables()).isEmpty();
        assertThat(plan.control().user()).isEqualTo("v");
        assertThat(plan.table("thing").rejects()).isEmpty();
    }

    @Test
    void namesUnknownKeysWithTheirPlaceAndWhatWasMeant() {
        PlanInvalidException refused = refused(SMALL.replace("shardBy: user_id", "shardby: user_id"));

        assertThat(refused.problems())
                .contains(new Problem(15, 5, "Unknown key 'tables[0].shardby'.", "Did you mean 'shardBy'?"));
        assertThat(refused)
                .hasMessageContaining("cutover.yaml:15:5: Unknown key 'tables[0].shardby'. Did you mean 'shardBy'?");
    }

    @Test
    void reportsAllProblemsAtOnceInTheOrderOfTheFile() {
        PlanInvalidException refused = refused(SMALL.replace("cutover/v1", "cutover/v2")
                .replace("jdbc:mysql://a:3306/old", "jdbc:mysql://a:3306/old?useSSL=false&user=root")
                .replace("tables: 4", "tables: 513")
                .replace("thing_id: \"{id}\"", "thing_id: \"{idd} << 10\"")
                .replace("{user_id: s.user_id}", "{user_id: \"NOW()\"}")
                .concat("swich: {}\n"));

        assertThat(refused.problems())
                .extracting(Problem::message)
                .containsExactly(
                        "'apiVersion' is 'cutover/v2'.",
                        "The parameter 'useSSL' may not stand in an address: Cutover pins every setting of its sessions itself.",
                        "The parameter 'user' may not stand in an address: Cutover pins every setting of its sessions itself.",
                        "2 databases x 513 tables are 1026 physical tables, but ids carry ten bits: 1024 at most.",
                        "'key' does not use {id}, so two rows of OLD could get one key on NEW.",
                        "'key.thing_id' uses {idd}, which is not known here.",
                        "'columns.user_id' uses NOW, but a value must follow from its own row alone.",
                        "Unknown key 'swich'.");
        assertThat(refused.problems().get(7).suggestion()).isEqualTo("Did you mean 'switch'?");
    }

    @Test
    void refusesAPasswordInThePlanUnlessAllowedAndNeverShowsIt() {
        String inline = SMALL.replace("password: {env: SMALL_PASSWORD}}", "password: c4nary}");

        assertThat(refused(inline)).hasMessageContaining("A password may not stand in the plan.");
        assertThat(refused(inline)).message().doesNotContain("c4nary");
        MigrationPlan plan = PlanReader.parse(inline, "cutover.yaml", true);
        assertThat(plan.old().password().reveal()).isEqualTo("c4nary");
        assertThat(plan.toString()).doesNotContain("c4nary");
        assertThat(refused(SMALL.replace("//a:3306", "//root:c4nary@a:3306")))
                .message()
                .doesNotContain("c4nary");
    }

    @Test
    void asksForAPasswordOnlyWhenItIsNeeded() {
        Secret secret = PlanReader.parse(SMALL, "cutover.yaml", false).old().password();

        assertThat(secret.origin()).isEqualTo("environment variable SMALL_PASSWORD");
        assertThat(catchThrowableOfType(SecretUnavailableException.class, secret::reveal))
                .hasMessageContaining("SMALL_PASSWORD")
                .hasMessageContaining("not set");
        assertThat(Secret.ofCommand(List.of("sh", "-c", "echo s3cret; echo more"))
                        .reveal())
                .isEqualTo("s3cret");
        assertThat(catchThrowableOfType(
                        SecretUnavailableException.class, Secret.ofCommand(List.of("sh", "-c", "exit 3"))::reveal))
                .hasMessageContaining("exit code 3");
    }

    @Test
    void aMaskNamesAColumnThatExistsAndIsNoPartOfTheHash() {
        MigrationPlan plan = PlanReader.parse(SMALL, "a.yaml", false);
        String column = plan.tables().get(0).newKey().get(0);
        String name = plan.tables().get(0).name() + "." + column;
        MigrationPlan masking = PlanReader.parse(SMALL + "verify: {masked: [" + name + "]}\n", "b.yaml", false);
        assertThat(masking.verify().masks(plan.tables().get(0).name(), column)).isTrue();
        assertThat(masking.verify().masks("other", column)).isFalse();
        assertThat(masking.hash()).isEqualTo(plan.hash());
        assertThatThrownBy(() -> PlanReader.parse(SMALL + "verify: {masked: [" + name + "x]}\n", "c.yaml", false))
                .isInstanceOf(PlanInvalidException.class)
                .hasMessageContaining("'" + name + "x' is no table.column of NEW");
    }

    @Test
    void aPassEveryFewMinutesIsOffUnlessThePlanAsksForItAndChangesNoHash() {
        MigrationPlan plan = PlanReader.parse(SMALL, "a.yaml", false);
        assertThat(plan.verify().continuous()).isNull();
        MigrationPlan watching = PlanReader.parse(SMALL + "verify: {continuous: 5m}\n", "b.yaml", false);
        assertThat(watching.verify().continuous()).isEqualTo(Duration.ofMinutes(5));
        assertThat(watching.hash()).isEqualTo(plan.hash());
        assertThatThrownBy(() -> PlanReader.parse(SMALL + "verify: {continous: 5m}\n", "c.yaml", false))
                .isInstanceOf(PlanInvalidException.class)
                .hasMessageContaining("continuous");
    }

    @Test
    void hashesTheMeaningAndNotTheText() {
        String hash = PlanReader.parse(SMALL, "a.yaml", false).hash();

        assertThat(hash).matches("[0-9a-f]{64}");
        assertThat(PlanReader.parse("# a comment\n" + SMALL.replace("SMALL_PASSWORD", "OTHER"), "b.yaml", false)
                        .hash())
                .isEqualTo(hash);
        assertThat(PlanReader.parse(SMALL + "copy: {chunkRows: 2000}\n", "c.yaml", false)
                        .hash())
                .isEqualTo(hash);
        assertThat(PlanReader.parse(SMALL + "copy: {chunkRows: 2001}\n", "d.yaml", false)
                        .hash())
                .isNotEqualTo(hash);
        assertThat(PlanReader.parse(SMALL.replace("n.user_id", "n.user_id + 0"), "e.yaml", false)
                        .hash())
                .isNotEqualTo(hash);
    }

    @Test
    void refusesExpressionsThatNeedMoreThanOneRow() {
        for (String expression : List.of(
                "(SELECT 1)",
                "SUM(s.user_id)",
                "s.user_id OVER ()",
                "RAND()",
                "@x",
                "s.a; DROP TABLE t",
                "s.a /* x */",
                "s.a -- x",
                "s.a # x",
                "s.a = ?",
                "CURRENT_TIMESTAMP",
                "(s.a",
                "'open",
                "UNIX_TIMESTAMP()")) {
            assertThat(refused(SMALL.replace("{user_id: s.user_id}", "{user_id: \"" + expression + "\"}"))
                            .problems())
                    .as(expression)
                    .hasSize(1);
        }
        PlanReader.parse(
                SMALL.replace(
                        "{user_id: s.user_id}",
                        "{user_id: \"IF(s.a = 'NOW() ? ; {x}', s.count, LEAST(s.sum, 5--3))\"}"),
                "cutover.yaml",
                false);
    }

    @Test
    void refusesTablesThatCannotMove() {
        assertThat(messages(SMALL.replace("    shardBy: user_id\n", ""))).containsExactly("'shardBy' is missing.");
        assertThat(messages(SMALL.replace("kind: dynamic", "kind: static"))).hasSize(3);
        assertThat(messages(SMALL.replace("\"{thing_id}\"", "n.thing_id")))
                .singleElement()
                .asString()
                .contains("names a column itself");
        assertThat(messages(SMALL.replace("backKey: {id:", "backKey: {idx:")))
                .containsExactly("'backKey' must give exactly the key columns of old_thing: id.");
        assertThat(messages(SMALL.replace("columns: {user_id", "columns: {thing_id: '1', user_id")))
                .containsExactly("The column 'thing_id' stands in 'key' and in 'columns'.");
        assertThat(messages(SMALL.replace("name: thing", "name: 'thing; drop'")))
                .containsExactly("'thing; drop' is not a usable name.");
        assertThat(messages(SMALL + SMALL.substring(SMALL.indexOf("  - name: thing"))))
                .containsExactly("The table 'thing' is planned twice.", "The table 'old_thing' of OLD moves twice.");
    }

    @Test
    void refusesAddressesItCannotTrust() {
        assertThat(messages(SMALL.replace("mysql://a:3306/old", "mysql:loadbalance://a:3306,b:3306/old")))
                .hasSize(1);
        assertThat(messages(SMALL.replace("//a:3306/old", "//a:3306,c:3306/old")))
                .hasSize(1);
        assertThat(messages(SMALL.replace("//a:3306/old", "//a/old")))
                .containsExactly("'jdbc:mysql://a/old' is not an address.");
        assertThat(messages(SMALL.replace("b:3306/new_{0..1}", "b{0..1}:3306/new_{0..1}")))
                .contains("An address has one {a..b} range at most.");
        assertThat(messages(SMALL.replace("b:3306/ctl", "b:3306/new_1")))
                .containsExactly("The database b:3306/new_1 is named twice, as shard-1 and as control.");
    }

    @Test
    void saysWhereTextStopsBeingYaml() {
        assertThat(refused("a: [1\nb: 2").problems())
                .singleElement()
                .extracting(Problem::line)
                .isEqualTo(2);
        assertThat(refused("").problems()).containsExactly(new Problem(1, 1, "The plan is empty.", null));
        assertThat(refused("- 1").problems())
                .extracting(Problem::message)
                .contains("The plan must be a mapping of keys to values.");
        assertThat(catchThrowableOfType(PlanInvalidException.class, () -> PlanReader.read(Path.of("nowhere.yaml"))))
                .hasMessageContaining("nowhere.yaml")
                .hasMessageContaining("$CUTOVER_CONFIG");
    }

    @Test
    void refusesWrongTypesAndMissingKeys() {
        assertThat(messages(SMALL + "switch: {maxLag: 2, writePause: 0s}\nreads: {steps: [5, 5, 90]}\ncopy: [1]\n"))
                .containsExactly(
                        "'switch.maxLag' must be a duration, not '2'.",
                        "'writePause' must be longer than nothing.",
                        "The last step of 'reads' must be 100.",
                        "The steps of 'reads' grow from 1 to 100, but after 5 stands '5'.",
                        "'copy' must be a mapping of keys to values.");
        assertThat(messages("apiVersion: cutover/v1\n"))
                .contains("'migration' is missing.", "'old' is missing.", "'new' is missing.", "'control' is missing.");
    }

    private static List<String> messages(String yaml) {
        return refused(yaml).problems().stream().map(Problem::message).toList();
    }

    private static PlanInvalidException refused(String yaml) {
        return Objects.requireNonNull(
                catchThrowableOfType(PlanInvalidException.class, () -> PlanReader.parse(yaml, "cutover.yaml", false)),
                "the plan was accepted");
    }

    private static String resource(String name) {
        try (InputStream stream = Objects.requireNonNull(PlanReaderTest.class.getResourceAsStream(name))) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
