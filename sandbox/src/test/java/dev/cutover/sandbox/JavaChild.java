package dev.cutover.sandbox;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Starts a class of this class path in a JVM of its own. */
final class JavaChild {
    private JavaChild() {}

    static Process start(Class<?> main, String... arguments) throws IOException {
        List<String> words = new ArrayList<>(List.of(
                System.getProperty("java.home") + "/bin/java",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        words.addAll(List.of(arguments));
        return new ProcessBuilder(words)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }
}
