package dev.cutover.core.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class SqlScriptTest {
    @Test
    void cutsAtSemicolonsOutsideQuotesAndComments() {
        assertThat(SqlScript.split("-- a; comment\nSELECT 'a;b\\';c' ; SELECT `x;--`, \"d;\" -- end;\n;\n\n-- nothing"))
                .containsExactly("SELECT 'a;b\\';c'", "SELECT `x;--`, \"d;\"");
    }

    @Test
    void repeatsWhatIsMeantForEachPhysicalTable() {
        SqlScript shard = SqlScript.read("sql/coupon/shard.sql");
        assertThat(shard.statements(3))
                .noneMatch(statement -> statement.contains("{table}"))
                .anyMatch(statement -> statement.startsWith("CREATE TABLE IF NOT EXISTS user_coupon_002 ("))
                .satisfies(statements -> assertThat(statements)
                        .filteredOn(statement -> statement.startsWith("CREATE TABLE IF NOT EXISTS user_coupon_0"))
                        .hasSize(3))
                .satisfies(statements -> assertThat(statements)
                        .filteredOn(statement -> statement.startsWith("CREATE TABLE IF NOT EXISTS stock_slice ("))
                        .hasSize(1));
    }

    @Test
    void refusesToRunAScriptForManyTablesAsOne() {
        assertThatThrownBy(() -> SqlScript.read("sql/coupon/shard.sql").statements())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("say how many");
        assertThat(SqlScript.read("sql/coupon/meta.sql").statements()).hasSizeGreaterThanOrEqualTo(5);
    }

    @Test
    void namesAScriptThatIsNotThere() {
        assertThatThrownBy(() -> SqlScript.read("sql/coupon/none.sql"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("sql/coupon/none.sql");
    }
}
