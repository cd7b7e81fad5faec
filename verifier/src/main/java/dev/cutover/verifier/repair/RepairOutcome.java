package dev.cutover.verifier.repair;

import java.util.List;

/**
 * What became of a plan's rows.
 *
 * @param done rows written, or that would be
 * @param already rows that were as they shall be
 * @param changed rows that changed since the plan, on either side; left alone
 * @param refused rows the server would not take; left as they were
 * @param remarks one line a row that was left alone or refused, keys only
 */
public record RepairOutcome(int done, int already, int changed, int refused, List<String> remarks) {
    public RepairOutcome {
        remarks = List.copyOf(remarks);
    }

    public int leftAlone() {
        return changed + refused;
    }
}
