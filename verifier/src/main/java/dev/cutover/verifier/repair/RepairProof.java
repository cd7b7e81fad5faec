package dev.cutover.verifier.repair;

import dev.cutover.verifier.Difference;
import dev.cutover.verifier.Verdict;
import java.util.List;

/**
 * The verdict about the rows of a plan after it was applied.
 *
 * @param rows how many rows were looked at
 * @param differences those that still differ, each with its certificate
 * @param unsettled rows that could not be decided
 */
public record RepairProof(int rows, List<Difference> differences, long unsettled) {
    public RepairProof {
        differences = List.copyOf(differences);
    }

    public Verdict verdict() {
        return !differences.isEmpty() ? Verdict.DIFFERENT : unsettled > 0 ? Verdict.INCONCLUSIVE : Verdict.EQUAL;
    }
}
