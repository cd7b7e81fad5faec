package dev.cutover.coupon.store;

/** One fenced transaction in one user's database. Owned by one thread. */
public interface StoreUnit extends StoreView {
    /** Names a row that this unit changed, by the key its table has on this side. */
    void touched(String planTable, String... key);
}
