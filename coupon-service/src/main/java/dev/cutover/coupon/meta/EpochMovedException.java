package dev.cutover.coupon.meta;

import dev.cutover.core.CutoverException;

/** A switch came in between: what was to be written belongs to an epoch that is over, or the new side does not hold the truth. */
public final class EpochMovedException extends CutoverException {
    public EpochMovedException(String where, String found) {
        super("The fence of " + where + " reads " + found + ": a switch of the migration came in between, ask again");
    }
}
