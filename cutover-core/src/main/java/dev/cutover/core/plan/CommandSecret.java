package dev.cutover.core.plan;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A password that a command prints, such as a vault's client; its error output is the user's to see, its output nobody's. */
final class CommandSecret extends Secret {
    private static final Duration BOUND = Duration.ofSeconds(20);

    private final List<String> words;

    CommandSecret(List<String> words) {
        this.words = List.copyOf(words);
    }

    @Override
    public String reveal() {
        Process process;
        try {
            process = new ProcessBuilder(words)
                    .redirectError(Redirect.INHERIT)
                    .redirectInput(Redirect.PIPE)
                    .start();
        } catch (IOException e) {
            throw failed("cannot be started", e);
        }
        try (BufferedReader output = process.inputReader()) {
            process.getOutputStream().close();
            String line = process.waitFor(BOUND.toMillis(), TimeUnit.MILLISECONDS) ? output.readLine() : null;
            if (process.isAlive()) {
                throw failed("has not ended after " + BOUND.toSeconds() + " s", null);
            }
            if (process.exitValue() != 0 || line == null) {
                throw failed(
                        "ended with exit code " + process.exitValue() + (line == null ? " and printed nothing" : ""),
                        null);
            }
            return line;
        } catch (IOException e) {
            throw failed("cannot be read", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed("was interrupted", e);
        } finally {
            process.destroyForcibly();
        }
    }

    private SecretUnavailableException failed(String how, @Nullable Throwable cause) {
        return new SecretUnavailableException(
                "The password command '" + words.get(0) + "' " + how + ". Run it by hand with the same words.", cause);
    }

    @Override
    public String origin() {
        return "command " + words.get(0);
    }
}
