package dev.cutover.core.plan;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** A password in a file, such as a mounted secret. */
final class FileSecret extends Secret {
    private final Path file;

    FileSecret(Path file) {
        this.file = file;
    }

    @Override
    public String reveal() {
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            String line = reader.readLine();
            if (line == null) {
                throw new SecretUnavailableException("The password file " + file + " is empty.", null);
            }
            return line;
        } catch (IOException e) {
            throw new SecretUnavailableException(
                    "The password file " + file + " cannot be read ("
                            + (e instanceof NoSuchFileException ? "there is no such file" : e.getMessage())
                            + "). Check that it exists and that this account may read it.",
                    e);
        }
    }

    @Override
    public String origin() {
        return "file " + file;
    }
}
