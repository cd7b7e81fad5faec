package dev.cutover.proxy.intake;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StatementRuleTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT 1",
                "  select 1 FOR UPDATE",
                "(SELECT 1) UNION (SELECT 2)",
                "/* who */ INSERT INTO t VALUES (1)",
                "-- line\nUPDATE t SET a = 1",
                "# line\nDELETE FROM t",
                "WITH a AS (SELECT 1) SELECT * FROM a",
                "REPLACE INTO t VALUES (1)"
            })
    void whatKeepsTheTransactionMayRun(String sql) {
        assertThat(StatementRule.UNIT.refusal(sql)).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "COMMIT",
                "rollback",
                "BEGIN",
                "START TRANSACTION",
                "CREATE TABLE t (a INT)",
                "/* x */ ALTER TABLE t ADD b INT",
                "TRUNCATE t",
                "LOCK TABLES t WRITE",
                "UNLOCK TABLES",
                "SET autocommit = 1",
                "CALL commits()",
                "XA START 'x'",
                "ANALYZE TABLE t",
                "GRANT ALL ON *.* TO me",
                "/*!50000 COMMIT */",
                "/*! COMMIT */ SELECT 1",
                "/* open COMMIT",
                "",
                "SAVEPOINT a"
            })
    void whatCouldEndTheTransactionIsRefused(String sql) {
        assertThat(StatementRule.UNIT.refusal(sql)).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"INSERT INTO t VALUES (1)", "UPDATE t SET a = 1", "DO SLEEP(1)", "DELETE FROM t"})
    void aReadOnlyReads(String sql) {
        assertThat(StatementRule.READ.refusal(sql)).contains("write()");
    }
}
