package dev.cutover.cli.step;

/**
 * One condition of a step, as it was found.
 *
 * @param name a few words
 * @param met whether the step may run as far as this gate goes
 * @param finding what was found, one sentence
 * @param fix the command that meets it; empty when met
 */
public record Gate(String name, boolean met, String finding, String fix) {
    public static Gate met(String name, String finding) {
        return new Gate(name, true, finding, "");
    }

    public static Gate unmet(String name, String finding, String fix) {
        return new Gate(name, false, finding, fix);
    }

    public static Gate of(String name, boolean met, String finding, String fix) {
        return met ? met(name, finding) : unmet(name, finding, fix);
    }
}
