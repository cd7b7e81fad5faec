package dev.cutover.cli.command;

import picocli.CommandLine.IVersionProvider;

/** The version in the jar's manifest. */
final class VersionText implements IVersionProvider {
    static String version() {
        String version = VersionText.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    @Override
    public String[] getVersion() {
        return new String[] {"cutover " + version()};
    }
}
