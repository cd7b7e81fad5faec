package dev.cutover.core.plan;

/** A password held in memory. */
final class InlineSecret extends Secret {
    private final String value;

    InlineSecret(String value) {
        this.value = value;
    }

    @Override
    public String reveal() {
        return value;
    }

    @Override
    public String origin() {
        return "written in place";
    }
}
