package dev.cutover.verifier.repair;

/**
 * A place with what was seen there and what belongs there.
 *
 * @param before the salted hash of the whole row as it was seen; {@link RowDigest#NOTHING} where there was none
 */
record PlannedPlace(Place place, String before, Goal goal) {}
