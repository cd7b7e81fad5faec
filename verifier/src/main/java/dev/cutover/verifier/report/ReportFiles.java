package dev.cutover.verifier.report;

import dev.cutover.verifier.Difference;
import dev.cutover.verifier.VerificationReport;
import dev.cutover.verifier.reveal.RevealedRow;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes reports into a folder: each file is whole or not there, and all are written before the first gets its name. */
public final class ReportFiles {
    private ReportFiles() {}

    /**
     * Writes the formats asked for and returns the files.
     *
     * @param revealed values of rows by the place of their difference in the report, for the page only
     * @throws ReportNotWrittenException when the folder does not take them
     */
    public static List<Path> write(
            VerificationReport report, Set<ReportFormat> formats, Map<Integer, RevealedRow> revealed, Path folder) {
        Map<String, String> texts = new LinkedHashMap<>();
        if (formats.contains(ReportFormat.HTML)) {
            texts.put("verification.html", ReportPage.of(report, revealed));
        }
        if (formats.contains(ReportFormat.JSON)) {
            String json = report.toJson() + "\n";
            texts.put("verification.json", json);
            texts.put("verification.json.sha256", sha256(json) + "  verification.json\n");
        }
        if (formats.contains(ReportFormat.JUNIT)) {
            texts.put("verification.junit.xml", ReportJunit.of(report));
        }
        if (formats.contains(ReportFormat.NDJSON)) {
            texts.put("differences.ndjson", lines(report.differences()));
        }
        return write(texts, folder, !revealed.isEmpty());
    }

    private static String lines(List<Difference> differences) {
        StringBuilder text = new StringBuilder();
        differences.forEach(difference -> text.append(ReportJson.of(difference)).append('\n'));
        return text.toString();
    }

    private static List<Path> write(Map<String, String> texts, Path folder, boolean confidential) {
        Map<Path, Path> written = new LinkedHashMap<>();
        try {
            Files.createDirectories(folder);
            try {
                for (Map.Entry<String, String> text : texts.entrySet()) {
                    // A file of createTempFile is its owner's alone; without values others may read it, as the umask
                    // says.
                    Path part = Files.createTempFile(folder, "." + text.getKey() + "-", ".part");
                    if (!confidential) {
                        Files.delete(part);
                        Files.createFile(part);
                    }
                    written.put(part, folder.resolve(text.getKey()));
                    Files.write(part, text.getValue().getBytes(StandardCharsets.UTF_8));
                }
                for (Map.Entry<Path, Path> file : written.entrySet()) {
                    move(file.getKey(), file.getValue());
                }
            } finally {
                for (Path part : written.keySet()) {
                    Files.deleteIfExists(part);
                }
            }
        } catch (IOException e) {
            throw new ReportNotWrittenException(folder, e);
        }
        return new ArrayList<>(written.values());
    }

    private static void move(Path part, Path file) throws IOException {
        try {
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    static String sha256(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java has SHA-256.", e);
        }
    }
}
