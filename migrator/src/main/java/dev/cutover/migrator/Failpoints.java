package dev.cutover.migrator;

/** Named points of the code at which a test may stop, delay or fail it. */
@FunctionalInterface
public interface Failpoints {
    /** Nothing happens anywhere. */
    Failpoints NONE = point -> {};

    /** Called when the code reaches the point; throwing from here is as good as crashing there. */
    void hit(String point);

    /** Whether a bug is planted on purpose, to prove that a test would find it. */
    default boolean planted(String bug) {
        return false;
    }
}
