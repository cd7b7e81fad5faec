package dev.cutover.coupon.store;

/** One fenced transaction in one user's database. Owned by one thread. */
public interface StoreUnit extends StoreView {
    /** Names a row that this unit changed, by the key its table has on this side. */
    void touched(String planTable, String... key);

    /** Names a user whose coupons this unit changes: who keeps a copy of them is told behind the commit. */
    void acted(long userId);

    /** The physical table, quoted for SQL, of another slot in the same database: for work on many users at once. */
    String tableOf(String planTable, int otherSlot);

    /** Names a changed row of another slot in the same database. */
    void touchedIn(String planTable, int otherSlot, String... key);
}
