package dev.cutover.verifier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.CutoverException;
import dev.cutover.core.stage.MySqlControlDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FailedStatementsIT {
    private static final VerifyOptions QUIET =
            new VerifyOptions(Set.of("user_coupon", "thing"), true, VerifyListener.SILENT);

    private Migration migration;

    @BeforeAll
    void copyTheMall() throws Exception {
        migration = Migration.create(2, 4, 1_000, 600);
        migration.copyAll();
    }

    @AfterAll
    void drop() {
        migration.close();
    }

    @ParameterizedTest
    @EnumSource
    void aPassInWhichAnyStatementFailsOnceIsNeverEqual(FailingTopology.Moment moment) {
        FailingTopology whole = new FailingTopology(migration.topology, moment, 0);
        assertThat(verify(whole).verdict()).isEqualTo(Verdict.EQUAL);
        int statements = whole.statements();
        assertThat(statements).isGreaterThan(20);

        List<String> survived = new ArrayList<>();
        int failures = 0;
        for (int failing = 1; failing <= statements; failing++) {
            FailingTopology broken = new FailingTopology(migration.topology, moment, failing);
            try {
                Verdict verdict = verify(broken).verdict();
                if (broken.failed()) {
                    survived.add("statement " + failing + ": " + verdict);
                }
            } catch (CutoverException e) {
                assertThat(broken.failed()).as(e.getMessage()).isTrue();
            }
            failures += broken.failed() ? 1 : 0;
        }
        assertThat(failures).isGreaterThan(statements / 3);
        assertThat(survived).isEmpty();
    }

    private VerificationReport verify(FailingTopology topology) {
        return new Verifier(migration.plan, topology, new MySqlControlDatabase(topology.control())).verifyOnce(QUIET);
    }
}
