package dev.cutover.core.plan;

/** A password in an environment variable. */
final class EnvironmentSecret extends Secret {
    private final String variable;

    EnvironmentSecret(String variable) {
        this.variable = variable;
    }

    @Override
    public String reveal() {
        String value = System.getenv(variable);
        if (value == null) {
            throw new SecretUnavailableException(
                    "The password in the environment variable " + variable
                            + " cannot be read: it is not set. Set it for this process, or name another source in the plan.",
                    null);
        }
        return value;
    }

    @Override
    public String origin() {
        return "environment variable " + variable;
    }
}
