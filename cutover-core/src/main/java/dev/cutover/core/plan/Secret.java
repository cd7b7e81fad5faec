package dev.cutover.core.plan;

/** A password by reference; it is read each time it is needed and shows as {@code ***} everywhere else. */
public abstract class Secret {
    Secret() {}

    /** A password that is already in memory: the sandbox's, or an inline one the caller has allowed. */
    public static Secret of(String value) {
        return new InlineSecret(value);
    }

    /** The password now; read again at each call, so that a rotated secret is picked up. */
    public abstract String reveal();

    /** Where the password comes from, without it. */
    public abstract String origin();

    @Override
    public final String toString() {
        return "***";
    }
}
