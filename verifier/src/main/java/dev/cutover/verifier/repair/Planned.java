package dev.cutover.verifier.repair;

/**
 * A plan with what it was made of.
 *
 * @param named differences that were looked at again
 * @param differing rows that certainly differ still
 * @param unsettled rows that could not be decided: they changed each time, or their changes did not arrive
 * @param more entries beyond the limit
 */
public record Planned(RepairPlan plan, UndoPlan undo, int named, int differing, long unsettled, int more) {}
