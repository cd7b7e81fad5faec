package dev.cutover.chaos.checker;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Which files of a folder are the binlog, in the order that {@code SHOW BINARY LOGS} lists them. Stateless. */
final class BinlogFiles {
    private static final Pattern NAME = Pattern.compile(".+\\.[0-9]{6,}");

    private BinlogFiles() {}

    /** The files of the index when there is one, else by their numbers; looks into {@code data} below the folder as well. */
    static List<Path> of(Path folder) {
        for (Path place : List.of(folder, folder.resolve("data"))) {
            List<Path> found = in(place);
            if (!found.isEmpty()) {
                return found;
            }
        }
        throw new EvidenceUnreadableException(
                "There is no binlog file in " + folder + ": expected names like binlog.000001.", null);
    }

    private static List<Path> in(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            List<Path> files = entries.filter(
                            file -> NAME.matcher(file.getFileName().toString()).matches())
                    .sorted(Comparator.comparingLong(BinlogFiles::number))
                    .toList();
            if (files.isEmpty()) {
                return files;
            }
            String first = files.get(0).getFileName().toString();
            Path index = folder.resolve(first.substring(0, first.lastIndexOf('.')) + ".index");
            return Files.exists(index) ? listed(folder, index) : files;
        } catch (IOException e) {
            throw new EvidenceUnreadableException("The folder " + folder + " cannot be listed: " + e.getMessage(), e);
        }
    }

    private static List<Path> listed(Path folder, Path index) throws IOException {
        List<Path> files = new ArrayList<>();
        for (String line : Files.readAllLines(index, StandardCharsets.UTF_8)) {
            if (!line.isBlank()) {
                Path file = folder.resolve(Path.of(line.strip()).getFileName());
                if (!Files.exists(file)) {
                    throw new EvidenceUnreadableException(
                            index + " lists " + line.strip() + ", but " + file
                                    + " is not there; were binlogs purged during the run?",
                            null);
                }
                files.add(file);
            }
        }
        return files;
    }

    private static long number(Path file) {
        String name = file.getFileName().toString();
        return Long.parseLong(name.substring(name.lastIndexOf('.') + 1));
    }
}
