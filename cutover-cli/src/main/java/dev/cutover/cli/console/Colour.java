package dev.cutover.cli.console;

import java.util.Map;

/** When text is coloured; NO_COLOR and a dumb terminal are honoured. */
public enum Colour {
    AUTO,
    ALWAYS,
    NEVER;

    public boolean on(boolean terminal, Map<String, String> environment) {
        return switch (this) {
            case ALWAYS -> true;
            case NEVER -> false;
            case AUTO ->
                terminal
                        && environment.getOrDefault("NO_COLOR", "").isEmpty()
                        && !"dumb".equals(environment.get("TERM"));
        };
    }
}
