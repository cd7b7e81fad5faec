package dev.cutover.verifier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.sandbox.table.KeyKind;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tables with keys of every kind are compared range by range, and what is wrong is named by its key. */
class AnyKeyIT {
    private static final int ROWS = 300;

    @ParameterizedTest
    @EnumSource(KeyKind.class)
    void whatIsWrongIsFoundAndNothingElseWhateverTheKey(KeyKind key) throws SQLException {
        Random random = new Random(key.ordinal());
        List<String> keys = new ArrayList<>();
        for (int n = 0; n < ROWS; n++) {
            keys.add(key.key(random, n));
        }
        try (Migration migration = Migration.ofKey(2, 2, key, 40)) {
            migration.execute(
                    DatabaseId.OLD,
                    keys.stream()
                            .map(one -> "(" + one + ", " + random.nextInt(50) + ", 'v')")
                            .collect(Collectors.joining(", ", "INSERT INTO item VALUES ", "")));
            migration.copy("item");
            VerificationReport right = migration.verifier().verifyOnce(VerifyOptions.quiet());
            assertThat(right.verdict()).isEqualTo(Verdict.EQUAL);
            assertThat(right.tables().get(0).ranges()).isGreaterThan(5);

            String changed = where(key, keys.get(10));
            String missing = where(key, keys.get(200));
            String extra = where(key, keys.get(250));
            assertThat(onNew(migration, "UPDATE ITEM SET v = 'w'" + changed)).isOne();
            assertThat(onNew(migration, "DELETE FROM ITEM" + missing)).isOne();
            assertThat(migration.execute(DatabaseId.OLD, "DELETE FROM item" + extra))
                    .isOne();

            VerificationReport wrong = migration.verifier().verifyOnce(VerifyOptions.quiet());
            assertThat(wrong.verdict()).isEqualTo(Verdict.DIFFERENT);
            assertThat(wrong.differences())
                    .extracting(Difference::kind)
                    .containsExactlyInAnyOrder(DifferenceKind.DIFFERENT, DifferenceKind.MISSING, DifferenceKind.EXTRA);
            for (Difference difference : wrong.differences()) {
                DatabaseId there = difference.kind() == DifferenceKind.MISSING
                        ? DatabaseId.OLD
                        : new DatabaseId(difference.database());
                String sql =
                        difference.kind() == DifferenceKind.MISSING ? difference.sourceSql() : difference.targetSql();
                assertThat(migration.value(there, sql)).as(sql).isNotEmpty();
            }
        }
    }

    private static String where(KeyKind key, String literals) {
        return " WHERE (" + key.columns() + ") = (" + literals + ")";
    }

    private static int onNew(Migration migration, String sql) throws SQLException {
        TablePlan table = migration.plan.table("item");
        int changed = 0;
        for (int slot = 0; slot < migration.plan.layout().slots(); slot++) {
            changed += migration.execute(
                    migration.plan.databaseOf(table, slot),
                    sql.replace("ITEM", migration.plan.physicalTable(table, slot)));
        }
        return changed;
    }
}
