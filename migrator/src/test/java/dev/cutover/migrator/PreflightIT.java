package dev.cutover.migrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.migrator.Finding.Severity;
import dev.cutover.sandbox.MySqlServer;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class PreflightIT {
    @Test
    void findsNothingAgainstTheCouponMigrationButSaysWhatIsWeak() {
        try (Stand stand = Stand.coupons(MySqlServer.shared(), 2, 2, 1_000)) {
            List<Finding> findings = run(stand);
            assertThat(findings)
                    .filteredOn(finding -> finding.severity() == Severity.FAIL)
                    .isEmpty();
            assertThat(findings)
                    .filteredOn(finding -> finding.severity() == Severity.WARNING)
                    .extracting(Finding::message)
                    .anyMatch(message -> message.contains("MyISAM"))
                    .anyMatch(message -> message.contains("null_shard_key"));
        }
    }

    @Test
    void refusesWhatWouldLoseChangesEachByName() {
        try (Stand stand = Stand.coupons(MySqlServer.shared(), 1, 2, 0)) {
            stand.sql(
                    DatabaseId.OLD,
                    "ALTER TABLE mall_order_coupon MODIFY id BIGINT NOT NULL, DROP PRIMARY KEY",
                    "ALTER TABLE mall_coupon_user ENGINE = MyISAM",
                    "ALTER TABLE mall_coupon_operation ADD COLUMN forgotten INT",
                    "CREATE TRIGGER noisy AFTER INSERT ON mall_coupon_user FOR EACH ROW SET @x = 1");
            stand.sql(DatabaseId.shard(0), "DROP TABLE coupon_redemption_001");
            assertThat(run(stand).stream()
                            .filter(finding -> finding.severity() == Severity.FAIL)
                            .map(finding -> finding.check() + ": " + finding.message())
                            .toList())
                    .anyMatch(text -> text.contains("mall_order_coupon has no primary key"))
                    .anyMatch(text -> text.contains("MyISAM"))
                    .anyMatch(text -> text.contains("[forgotten]"))
                    .anyMatch(text -> text.contains("trigger noisy"))
                    .anyMatch(text -> text.contains("coupon_redemption_001"));
        }
    }

    /**
     * What makes one finding.
     *
     * @param check whose finding it is, and the only check that is run
     * @param on where {@code make} and {@code undo} are said
     */
    private record Cause(
            String check, DatabaseId on, String make, String undo, Severity severity, String message, String fix) {
        @Override
        public String toString() {
            return check + ": " + message;
        }
    }

    private static Cause fails(String check, DatabaseId on, String make, String undo, String message, String fix) {
        return new Cause(check, on, make, undo, Severity.FAIL, message, fix);
    }

    private static Cause warns(String check, DatabaseId on, String make, String undo, String message, String fix) {
        return new Cause(check, on, make, undo, Severity.WARNING, message, fix);
    }

    private static Cause setting(
            String check, Severity severity, String name, String value, String message, String fix) {
        return new Cause(check, DatabaseId.OLD, "SET GLOBAL " + name + " = " + value, "", severity, message, fix);
    }

    private static List<Cause> causes() {
        DatabaseId old = DatabaseId.OLD;
        DatabaseId shard = DatabaseId.shard(0);
        String keepFormat = "and keep it so until the migration is completed";
        return List.of(
                setting("binlog", Severity.FAIL, "binlog_format", "'STATEMENT'", "rows are needed", keepFormat),
                setting(
                        "binlog",
                        Severity.FAIL,
                        "binlog_row_image",
                        "'MINIMAL'",
                        "watched columns are needed",
                        keepFormat),
                setting(
                        "binlog",
                        Severity.FAIL,
                        "binlog_row_value_options",
                        "'PARTIAL_JSON'",
                        "whole values are needed",
                        keepFormat),
                setting("binlog", Severity.FAIL, "gtid_mode", "'ON_PERMISSIVE'", "positions are GTID sets", keepFormat),
                setting("binlog", Severity.FAIL, "binlog_order_commits", "0", "everything before it", keepFormat),
                setting(
                        "durability",
                        Severity.WARNING,
                        "sync_binlog",
                        "100",
                        "sync_binlog = 100: a crash of the server may lose acknowledged writes",
                        "Set sync_binlog = 1"),
                setting(
                        "durability",
                        Severity.WARNING,
                        "innodb_flush_log_at_trx_commit",
                        "2",
                        "innodb_flush_log_at_trx_commit = 2: a crash of the server may lose",
                        "Set innodb_flush_log_at_trx_commit = 1"),
                setting(
                        "retention",
                        Severity.WARNING,
                        "binlog_expire_logs_seconds",
                        "60",
                        "binlogs are kept for 60 s only; a copy of about ",
                        "SET PERSIST binlog_expire_logs_seconds = 86400   until"),
                fails(
                        "source-tables",
                        old,
                        "RENAME TABLE person TO elsewhere",
                        "RENAME TABLE elsewhere TO person",
                        "there is no such table",
                        "Correct 'from: {table: …}' of person"),
                fails(
                        "source-tables",
                        old,
                        "ALTER TABLE person DROP PRIMARY KEY",
                        "ALTER TABLE person ADD PRIMARY KEY (id)",
                        "table person has no primary key",
                        "Add a primary key"),
                fails(
                        "source-tables",
                        old,
                        "ALTER TABLE person DROP PRIMARY KEY, ADD PRIMARY KEY (id, name)",
                        "ALTER TABLE person DROP PRIMARY KEY, ADD PRIMARY KEY (id)",
                        "the plan's key [id] is no unique key of the table; its primary key is [id, name]",
                        "Write key: [id, name] in 'from' of person"),
                fails(
                        "source-tables",
                        old,
                        "ALTER TABLE person ENGINE = MyISAM",
                        "ALTER TABLE person ENGINE = InnoDB",
                        "is a MyISAM table: it has no transactions",
                        "ALTER TABLE person ENGINE=InnoDB"),
                fails(
                        "triggers",
                        shard,
                        "CREATE TRIGGER noisy BEFORE INSERT ON person_001 FOR EACH ROW SET @x = 1",
                        "DROP TRIGGER noisy",
                        "has the trigger noisy, which would run again",
                        "Move what it does into the application"),
                fails(
                        "foreign-keys",
                        old,
                        "CREATE TABLE town (id INT PRIMARY KEY); ALTER TABLE person ADD CONSTRAINT lives FOREIGN KEY"
                                + " (town) REFERENCES town (id) ON DELETE CASCADE",
                        "ALTER TABLE person DROP FOREIGN KEY lives; DROP TABLE town",
                        "foreign key lives changes rows by itself",
                        "make it RESTRICT"),
                fails(
                        "projection",
                        old,
                        "ALTER TABLE person RENAME COLUMN town TO city",
                        "ALTER TABLE person RENAME COLUMN city TO town",
                        "the projection to NEW does not work",
                        "Correct 'columns', 'key' or 'reject' of person"),
                fails(
                        "back",
                        old,
                        "ALTER TABLE person ADD COLUMN forgotten INT",
                        "ALTER TABLE person DROP COLUMN forgotten",
                        "the way back does not fill [forgotten] of person: a rollback would lose them",
                        "Add them to 'back' of person"),
                fails(
                        "back",
                        shard,
                        "RENAME TABLE person_000 TO elsewhere",
                        "RENAME TABLE elsewhere TO person_000",
                        "the projection back does not work",
                        "Correct 'back' or 'backKey' of person"),
                warns(
                        "shard-key",
                        old,
                        "INSERT INTO person VALUES (1, NULL, 'nobody', 1)",
                        "DELETE FROM person",
                        "1 rows have no user_name and go to quarantine as null_shard_key",
                        "Give them one"),
                warns(
                        "shard-key",
                        old,
                        "INSERT INTO person VALUES (1, 'Ann', 'a', 1), (2, 'ann', 'b', 1)",
                        "DELETE FROM person",
                        "'Ann' and 'ann' are one user_name on OLD (utf8mb4_0900_ai_ci), and go to different tables on NEW",
                        "Write each in one way on OLD"),
                warns(
                        "shard-key",
                        old,
                        "INSERT INTO person WITH RECURSIVE d (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM d WHERE n < 2000)"
                                + " SELECT /*+ SET_VAR(cte_max_recursion_depth = 2000) */ n, IF(n % 2, 'shop', n), 'x', 1 FROM d",
                        "DELETE FROM person",
                        "user_name shop has 1000 of the first 2000 rows, and all of them go to one table",
                        "Rows of nobody can be rejected"),
                warns(
                        "collations",
                        shard,
                        "ALTER TABLE word_000 MODIFY word VARCHAR(20) COLLATE utf8mb4_0900_ai_ci NOT NULL",
                        "ALTER TABLE word_000 MODIFY word VARCHAR(20) COLLATE utf8mb4_bin NOT NULL",
                        "key word is utf8mb4_0900_ai_ci on NEW and utf8mb4_bin on OLD",
                        "Create the tables of NEW with utf8mb4_bin"),
                fails(
                        "target-tables",
                        shard,
                        "RENAME TABLE person_001 TO elsewhere",
                        "RENAME TABLE elsewhere TO person_001",
                        "1 tables are missing: person_001",
                        "Create them from the schema of NEW"),
                warns(
                        "target-tables",
                        shard,
                        "INSERT INTO word_001 VALUES ('left', 'over')",
                        "DELETE FROM word_001",
                        "1 tables hold rows already: word_001",
                        "A copy starts on empty tables"));
    }

    @Test
    void eachFindingIsMadeByItsCauseAndNamesItsFix() {
        try (Stand stand = people(MySqlServer.shared())) {
            for (Cause cause : causes()) {
                String undo = cause.undo().isEmpty() ? asItWas(stand, cause.make()) : cause.undo();
                assertThat(of(stand, cause.check(), cause))
                        .as("before %s", cause)
                        .isEmpty();
                stand.sql(cause.on(), cause.make().split("; "));
                try {
                    assertThat(of(stand, cause.check(), cause))
                            .as("%s", cause)
                            .isNotEmpty()
                            .allMatch(finding -> finding.fix().contains(cause.fix()));
                } finally {
                    stand.sql(cause.on(), undo.split("; "));
                }
            }
        }
    }

    /** What undoes {@code SET GLOBAL name = …}. */
    private static String asItWas(Stand stand, String set) {
        String name = set.split(" ", -1)[2];
        String value = stand.one(DatabaseId.OLD, "SELECT @@global." + name);
        return "SET GLOBAL " + name + " = " + (value.matches("[0-9]+") ? value : "'" + value + "'");
    }

    private static List<Finding> of(Stand stand, String check, Cause cause) {
        return new Preflight()
                .run(stand.plan, stand.topology, Set.of(check)).stream()
                        .filter(finding -> finding.severity() == cause.severity()
                                && finding.message().contains(cause.message()))
                        .toList();
    }

    @Test
    void aServerOfNewThatKeepsAnotherTimeTakesLessAtOnceOrKnowsXaIsNamed() {
        try (MySqlServer other = MySqlServer.start("preflight-new");
                Stand stand = people(other)) {
            String subject = other.host() + ":" + other.port();
            assertThat(run(stand))
                    .filteredOn(finding -> Set.of("time-zones", "packets", "xa").contains(finding.check())
                            && finding.subject().equals(subject))
                    .hasSize(3)
                    .allMatch(finding -> finding.severity() == Severity.OK);
            stand.sql(
                    DatabaseId.META,
                    "SET GLOBAL time_zone = '+08:00'",
                    "SET GLOBAL max_allowed_packet = 1048576",
                    "XA START 'preflight'",
                    "XA END 'preflight'",
                    "XA PREPARE 'preflight'",
                    "XA ROLLBACK 'preflight'");
            assertThat(run(stand))
                    .filteredOn(finding -> finding.severity() == Severity.WARNING
                            && finding.subject().equals(subject))
                    .anyMatch(finding -> finding.check().equals("time-zones")
                            && finding.message().contains("sessions begin 08:00:00 from UTC, those of OLD 00:00:00")
                            && finding.fix().contains("Set time_zone alike"))
                    .anyMatch(finding -> finding.check().equals("xa")
                            && finding.message().contains("1 XA transactions were prepared since its start")
                            && finding.fix().contains("move it off the migrated tables"))
                    .anyMatch(finding -> finding.check().equals("packets")
                            && finding.message().contains("max_allowed_packet = 1048576")
                            && finding.fix().contains("SET PERSIST max_allowed_packet"));
        }
    }

    @Test
    void aKeyOfTextIsSaidToBeCopiedMoreSlowly() {
        try (Stand stand = people(MySqlServer.shared())) {
            assertThat(new Preflight().run(stand.plan, stand.topology, Set.of("projection")))
                    .filteredOn(finding -> finding.severity() == Severity.WARNING)
                    .singleElement()
                    .matches(finding -> finding.subject().equals("word")
                            && finding.message().startsWith("its key [word] is text that MySQL compares loosely")
                            && finding.fix().startsWith("Nothing has to be done"));
        }
    }

    @Test
    void triggersThatThePlanWantsAndNobodyHasInstalledAreMissed() {
        try (Stand stand = people(MySqlServer.shared())) {
            assertThat(new Preflight().run(stand.plan, stand.topology, Set.of("triggers")))
                    .filteredOn(finding -> finding.severity() == Severity.WARNING)
                    .isNotEmpty()
                    .allMatch(finding -> finding.message().contains("triggers of the fence are missing, 0 were altered")
                            && finding.fix().equals("cutover fence install"));
        }
    }

    @Test
    void anAccountThatMayTooLittleOrTooMuchIsToldWhatToGrant() {
        try (Stand stand = people(MySqlServer.shared())) {
            String account = "'preflight'@'127.0.0.1'";
            stand.sql(
                    DatabaseId.OLD,
                    "DROP USER IF EXISTS " + account,
                    "CREATE USER " + account + " IDENTIFIED BY 'few-rights'");
            try {
                for (DatabaseId database : stand.plan.databases()) {
                    stand.sql(
                            DatabaseId.OLD,
                            "GRANT SELECT ON " + stand.plan.endpoint(database).schema() + ".* TO " + account);
                }
                assertThat(findings(stand, "few-rights", "grants"))
                        .anyMatch(text -> text.startsWith("FAIL REPLICATION CLIENT is missing")
                                && text.contains("GRANT REPLICATION CLIENT ON *.*"))
                        .anyMatch(text -> text.startsWith("FAIL REPLICATION SLAVE is not granted")
                                && text.contains("GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.*"))
                        .anyMatch(text -> text.startsWith("FAIL the account cannot work there")
                                && text.contains("GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, LOCK TABLES"))
                        .noneMatch(text -> text.contains("few-rights"));
                assertThat(findings(stand, "few-rights", "grants"))
                        .anyMatch(text -> text.startsWith(
                                        "WARNING on its schema the account seems to lack INSERT, UPDATE,"
                                                + " DELETE, CREATE, LOCK TABLES")
                                && text.contains("GRANT INSERT, UPDATE, DELETE, CREATE, LOCK TABLES ON its schema"));
                for (String privilege :
                        List.of("PROCESS", "XA_RECOVER_ADMIN", "CONNECTION_ADMIN", "SESSION_VARIABLES_ADMIN")) {
                    assertThat(findings(stand, "few-rights", "grants"))
                            .anyMatch(
                                    text -> text.startsWith("WARNING " + privilege + " is not granted to the account: ")
                                            && text.contains("GRANT " + privilege + " ON *.*"));
                    stand.sql(DatabaseId.OLD, "GRANT " + privilege + " ON *.* TO " + account);
                }
                stand.sql(DatabaseId.OLD, "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO " + account);
                for (DatabaseId database : stand.plan.databases()) {
                    stand.sql(
                            DatabaseId.OLD,
                            "GRANT INSERT, UPDATE, DELETE, CREATE, LOCK TABLES ON "
                                    + stand.plan.endpoint(database).schema() + ".* TO " + account);
                }
                assertThat(findings(stand, "few-rights", "grants")).allMatch(text -> text.startsWith("OK"));
                stand.sql(
                        DatabaseId.OLD,
                        "REVOKE SELECT ON "
                                + stand.plan.endpoint(DatabaseId.OLD).schema() + ".* FROM " + account);
                assertThat(findings(stand, "few-rights", "shard-key"))
                        .singleElement()
                        .asString()
                        .startsWith("FAIL the check could not run: SELECT command denied")
                        .contains("grants are checked by 'grants'");
                stand.sql(DatabaseId.OLD, "GRANT SUPER ON *.* TO " + account);
                assertThat(findings(stand, "few-rights", "grants"))
                        .anyMatch(text -> text.startsWith("WARNING the account has more than it needs: SUPER")
                                && text.contains("an account of its own"));
            } finally {
                stand.sql(DatabaseId.OLD, "DROP USER " + account);
            }
        }
    }

    private static List<String> findings(Stand stand, String password, String check) {
        MigrationPlan plan = stand.planOf("preflight", password);
        try (Topology topology = Topology.open(plan, "preflight-test")) {
            return new Preflight()
                    .run(plan, topology, Set.of(check)).stream()
                            .map(finding -> finding.severity() + " " + finding.message() + " " + finding.fix())
                            .toList();
        }
    }

    private static Stand people(MySqlServer newServer) {
        String tables = """
                tables:
                  - name: person
                    kind: dynamic
                    from: {table: person, key: [id]}
                    shardBy: user_name
                    key: {id: "{id}"}
                    columns: {user_name: s.user_name, name: s.name, town: s.town}
                    backKey: {id: "{id}"}
                    back: {user_name: n.user_name, name: n.name, town: n.town}
                  - name: word
                    kind: dynamic
                    from: {table: word, key: [word]}
                    shardBy: owner
                    key: {word: "{word}"}
                    columns: {owner: s.owner}
                    backKey: {word: "{word}"}
                    back: {owner: n.owner}
                fence: {triggers: true}
                """;
        String person =
                " (id BIGINT NOT NULL PRIMARY KEY, user_name VARCHAR(20) NULL, name VARCHAR(20) NOT NULL, town INT NULL)";
        String word =
                " (word VARCHAR(20) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, owner VARCHAR(20) COLLATE utf8mb4_bin)";
        return Stand.create(MySqlServer.shared(), newServer, 1, 2, tables, stand -> {
            stand.sql(DatabaseId.OLD, "CREATE TABLE person" + person, "CREATE TABLE word" + word);
            for (String table : List.of("_000", "_001")) {
                stand.sql(
                        DatabaseId.shard(0),
                        "CREATE TABLE person" + table + person,
                        "CREATE TABLE word" + table + word);
            }
        });
    }

    private static List<Finding> run(Stand stand) {
        return new Preflight().run(stand.plan, stand.topology, Set.of());
    }
}
