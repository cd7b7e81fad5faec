package dev.cutover.core.topology;

/** The user variable that every session of {@link Topology} carries, by which the trigger fence knows it. */
public final class SessionMark {
    public static final String VARIABLE = "@cutover_session";

    private SessionMark() {}
}
