package dev.cutover.cli.command;

import picocli.CommandLine.ParameterException;

/** Commands that only group others. */
final class Subcommands {
    private Subcommands() {}

    static ParameterException missing(Invocation invocation) {
        return new ParameterException(
                invocation.spec().commandLine(),
                "'" + invocation.spec().qualifiedName(" ") + "' wants one of: "
                        + String.join(", ", invocation.spec().subcommands().keySet()));
    }
}
