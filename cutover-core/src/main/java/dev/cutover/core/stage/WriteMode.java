package dev.cutover.core.stage;

import dev.cutover.core.topology.Side;

/** Where the application's writes go: the truth first, then, in the dual modes, a mirror to the other side. */
public enum WriteMode {
    SINGLE_OLD,
    DUAL_OLD,
    DUAL_NEW,
    SINGLE_NEW;

    public static WriteMode of(Side truth, boolean mirror) {
        return truth == Side.OLD ? (mirror ? DUAL_OLD : SINGLE_OLD) : (mirror ? DUAL_NEW : SINGLE_NEW);
    }

    public Side truth() {
        return this == SINGLE_OLD || this == DUAL_OLD ? Side.OLD : Side.NEW;
    }

    public boolean mirrors() {
        return this == DUAL_OLD || this == DUAL_NEW;
    }
}
