package dev.cutover.coupon.id;

/** A sequence number and the slot it lives in, packed as the plan's key expression does: {@code (sequence << 10) | slot}. */
final class SlottedNumber {
    private static final int SLOT_BITS = 10;
    private static final int SLOTS = 1 << SLOT_BITS;

    private SlottedNumber() {}

    static long of(long sequence, int slot) {
        if (sequence < 0 || sequence > Integer.MAX_VALUE || slot < 0 || slot >= SLOTS) {
            throw new IllegalArgumentException("No id has sequence " + sequence + " and slot " + slot
                    + ": the mall's ids have 31 bits, slots are 0 to 1023.");
        }
        return (sequence << SLOT_BITS) | slot;
    }

    static long sequence(long number) {
        return number >> SLOT_BITS;
    }

    static int slot(long number) {
        return (int) (number & (SLOTS - 1));
    }
}
