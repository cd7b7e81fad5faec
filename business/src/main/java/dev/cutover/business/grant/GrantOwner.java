package dev.cutover.business.grant;

import org.jdbi.v3.core.Handle;

/** A module that gives coupons; told of the outcome in the transaction that writes it down, once. */
public interface GrantOwner {
    /** The word its grants have. */
    String module();

    void given(Handle transaction, Grant grant, String couponId);

    void refused(Handle transaction, Grant grant, String code);
}
