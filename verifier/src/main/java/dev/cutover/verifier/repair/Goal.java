package dev.cutover.verifier.repair;

/**
 * What a place shall hold.
 *
 * @param kind nothing, the row of the truth, or a note why the row cannot be mapped
 * @param text the salted hash of the row's projected values; the reason of the note; empty for nothing
 */
record Goal(Kind kind, String text) {
    static final Goal ABSENT = new Goal(Kind.ABSENT, "");

    enum Kind {
        ABSENT,
        ROW,
        NOTED
    }
}
