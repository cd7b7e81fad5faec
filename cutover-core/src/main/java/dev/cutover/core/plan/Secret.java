package dev.cutover.core.plan;

import java.nio.file.Path;
import java.util.List;

/** A password by reference; it is read each time it is needed and shows as {@code ***} everywhere else. Safe for many threads. */
public abstract class Secret {
    Secret() {}

    /** A password that is already in memory: the sandbox's, or an inline one the caller has allowed. */
    public static Secret of(String value) {
        return new InlineSecret(value);
    }

    /** The value of an environment variable of this process. */
    public static Secret ofEnvironment(String variable) {
        return new EnvironmentSecret(variable);
    }

    /** The first line of a file. */
    public static Secret ofFile(Path file) {
        return new FileSecret(file);
    }

    /** The first line a command prints. */
    public static Secret ofCommand(List<String> words) {
        return new CommandSecret(words);
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
