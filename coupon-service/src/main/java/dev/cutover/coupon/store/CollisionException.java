package dev.cutover.coupon.store;

import dev.cutover.core.CutoverException;
import java.sql.SQLException;

/** A unique key said that another transaction was faster; the unit must be rolled back and asked again from the start. */
public final class CollisionException extends CutoverException {
    public CollisionException(String what, SQLException cause) {
        super(what + " met another transaction at a unique key; the unit is asked again", cause);
    }
}
