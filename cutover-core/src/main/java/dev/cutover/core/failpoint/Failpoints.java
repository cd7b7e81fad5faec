package dev.cutover.core.failpoint;

/** What happens at the points. Safe for many threads. */
@FunctionalInterface
public interface Failpoints {
    /** Names the file that {@link #ofThisJvm()} follows. */
    String PROPERTY = "cutover.failpoints";

    /** Nothing happens anywhere. */
    Failpoints NONE = point -> {};

    /** Called when the code reaches the point; throwing from here is as good as crashing there. */
    void hit(Failpoint point);

    /** Whether a bug is planted on purpose, to prove that a test would find it. */
    default boolean planted(String bug) {
        return false;
    }

    /** What the file named by the system property {@value #PROPERTY} says, one and the same for the whole JVM; {@link #NONE} without it, as in production. */
    static Failpoints ofThisJvm() {
        return FailpointFile.OfThisJvm.FAILPOINTS;
    }
}
