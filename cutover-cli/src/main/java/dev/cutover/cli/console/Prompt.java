package dev.cutover.cli.console;

import java.io.Console;
import org.jspecify.annotations.Nullable;

/** Somebody who can be asked; absent in scripts. */
public interface Prompt {
    /** What was typed, without blanks around it; null when the input ended. */
    @Nullable
    String ask(String question);

    /** Whether there is somebody to ask. */
    boolean present();

    /** Nobody is there. */
    static Prompt absent() {
        return new Prompt() {
            @Override
            public @Nullable String ask(String question) {
                return null;
            }

            @Override
            public boolean present() {
                return false;
            }
        };
    }

    /** The terminal this process was started from, when there is one. */
    static Prompt terminal() {
        Console console = System.console();
        if (console == null) {
            return absent();
        }
        return new Prompt() {
            @Override
            public @Nullable String ask(String question) {
                String answer = console.readLine("%s", question);
                return answer == null ? null : answer.strip();
            }

            @Override
            public boolean present() {
                return true;
            }
        };
    }
}
