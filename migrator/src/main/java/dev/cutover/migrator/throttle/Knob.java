package dev.cutover.migrator.throttle;

/** What can be turned while a copy runs: a setting of the control database, which goes before the plan. */
public enum Knob {
    /** How far the stream may be behind, in milliseconds. */
    MAX_LAG("copy.max_lag_ms"),
    /** How many threads the source may run. */
    MAX_LOAD("copy.max_threads_running"),
    /** How long a reader rests, in times of what it has just worked. */
    NICE_RATIO("copy.nice_ratio");

    private final String setting;

    Knob(String setting) {
        this.setting = setting;
    }

    /** Its name in the control database. */
    public String setting() {
        return setting;
    }
}
