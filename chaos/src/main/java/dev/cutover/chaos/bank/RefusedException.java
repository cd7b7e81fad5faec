package dev.cutover.chaos.bank;

/** The rules of the bank forbid it; nothing is written. */
final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    RefusedException(String why) {
        super(why);
    }
}
