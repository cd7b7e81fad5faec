package dev.cutover.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.shop.Shop;
import dev.cutover.core.stage.Event;
import dev.cutover.core.stage.VerificationRecord;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.verifier.VerificationReport;
import dev.cutover.verifier.Verifier;
import dev.cutover.verifier.VerifyOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReportCommandIT {
    private static final String CANARY = "kanarienvogel";

    @TempDir
    @SuppressWarnings("NonFinalStaticField") // JUnit sets it once for the class
    static Path folder = Path.of("");

    private Shop shop;
    private VerificationReport first;

    @BeforeAll
    void verifyWhatWasNeverCopied() throws SQLException {
        shop = Shop.create(folder, "rolling");
        assertThat(cutover("init", "--no-tables", "--yes").exitCode()).isZero();
        TypedCommand early = cutover("report");
        assertThat(early.exitCode()).isEqualTo(4);
        assertThat(early.err()).contains("Nothing was verified yet.").contains("fix   cutover verify once");
        shop.execute(DatabaseId.OLD, "UPDATE shop_note SET body = '" + CANARY + "' WHERE id <= 20");
        first = verify();
        assertThat(first.differenceCount()).isPositive();
    }

    @AfterAll
    void close() {
        shop.close();
    }

    private VerificationReport verify() {
        return new Verifier(shop.plan(), shop.topology(), shop.control()).verifyOnce(VerifyOptions.quiet());
    }

    private TypedCommand cutover(String... words) {
        return TypedCommand.run(folder, words);
    }

    private void control(String sql) throws SQLException {
        try (Connection connection = shop.topology().control().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String all(Path out) throws IOException {
        StringBuilder text = new StringBuilder();
        try (Stream<Path> files = Files.list(out)) {
            for (Path file : files.sorted().toList()) {
                text.append(Files.readString(file));
            }
        }
        return text.toString();
    }

    private long reveals() {
        return shop.control().events(100).stream()
                .filter(event -> event.kind().equals("report-reveal"))
                .count();
    }

    @Test
    void theLastRunIsWrittenInEveryFormWithoutAValue() throws IOException {
        VerificationReport last = verify();
        long before = reveals();
        TypedCommand written = cutover("report");
        assertThat(written.exitCode()).as(written.err()).isZero();
        assertThat(written.out()).startsWith("DIFFERENT  run " + last.runId());
        Path out = folder.resolve("cutover-report");
        try (Stream<Path> files = Files.list(out)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "verification.html",
                            "verification.json",
                            "verification.json.sha256",
                            "verification.junit.xml",
                            "differences.ndjson");
        }
        assertThat(all(out)).doesNotContain(CANARY).contains(last.runId());
        assertThat(reveals()).isEqualTo(before);
    }

    @Test
    void aRunIsChosenByItsIdAndFormatsByTheirNames() throws IOException {
        verify();
        TypedCommand written =
                cutover("report", "--run", first.runId(), "--format", "json,NDJSON", "--out", "a/b", "-o", "json");
        assertThat(written.exitCode()).as(written.err()).isZero();
        JsonNode body = Objects.requireNonNull(Json.parse(written.out()));
        assertThat(body.path("kind").asText()).isEqualTo("Report");
        assertThat(body.path("runId").asText()).isEqualTo(first.runId());
        assertThat(body.path("verdict").asText()).isEqualTo("DIFFERENT");
        assertThat(body.path("files")).hasSize(3);
        assertThat(Files.readString(folder.resolve("a/b/verification.json"))).contains(first.runId());
    }

    @Test
    void valuesAreSeenOnlyByWhoSaysWhyAndTheHistorySaysSo() throws IOException {
        long before = reveals();
        assertThat(cutover("report", "--reveal").exitCode()).isEqualTo(2);
        assertThat(cutover("report", "--reveal", "--reason= ").exitCode()).isEqualTo(2);
        TypedCommand noPage = cutover("report", "--reveal", "--reason=x", "--format", "json");
        assertThat(noPage.exitCode()).isEqualTo(2);
        assertThat(noPage.err()).contains("must have html");
        assertThat(reveals()).isEqualTo(before);

        TypedCommand seen =
                cutover("report", "--reveal", "--reason=ticket 4711", "--out", "seen", "--run", first.runId());
        assertThat(seen.exitCode()).as(seen.err()).isZero();
        assertThat(seen.out()).contains("that was written into the history");
        assertThat(Files.readString(folder.resolve("seen/verification.html"))).contains(CANARY);
        for (String without : List.of("verification.json", "verification.junit.xml", "differences.ndjson")) {
            assertThat(Files.readString(folder.resolve("seen").resolve(without)))
                    .doesNotContain(CANARY);
        }
        Event event = shop.control().events(100).stream()
                .filter(one -> one.kind().equals("report-reveal"))
                .reduce((one, next) -> next)
                .orElseThrow();
        assertThat(event.reason()).isEqualTo("ticket 4711");
        assertThat(event.actor()).isNotBlank();
        assertThat(event.detailJson()).contains(first.runId()).doesNotContain(CANARY);
        assertThat(shop.control().verifyEventChain()).isTrue();
    }

    @Test
    void withoutItsEventNoValueIsRead() throws SQLException, IOException {
        control("RENAME TABLE cutover_event TO cutover_event_away");
        try {
            TypedCommand refused = cutover("report", "--reveal", "--reason=x", "--out", "unseen");
            assertThat(refused.exitCode()).isNotZero();
            assertThat(Files.exists(folder.resolve("unseen"))).isFalse();
        } finally {
            control("RENAME TABLE cutover_event_away TO cutover_event");
        }
    }

    @Test
    void whatCannotBeDoneIsRefusedInASentence() throws IOException {
        TypedCommand unknown = cutover("report", "--run", "verify-0");
        assertThat(unknown.exitCode()).isEqualTo(4);
        assertThat(unknown.err())
                .contains("There is no verification run 'verify-0'")
                .contains("  - verify-");
        Files.writeString(folder.resolve("file"), "");
        TypedCommand blocked = cutover("report", "--out", "file/report");
        assertThat(blocked.exitCode()).isEqualTo(4);
        assertThat(blocked.err()).contains("is not a folder").contains("fix   cutover report --out=DIR");
        shop.control()
                .saveVerification(new VerificationRecord(
                        "verify-failed",
                        first.startedAt(),
                        first.startedAt(),
                        "all",
                        VerificationRecord.Verdict.FAILED,
                        0,
                        0,
                        0,
                        shop.control().read().epoch(),
                        shop.control().read().stage(),
                        "{\"kind\": \"VerificationFailure\"}"));
        TypedCommand failed = cutover("report", "--run", "verify-failed");
        assertThat(failed.exitCode()).isEqualTo(4);
        assertThat(failed.err()).contains("failed before it had a result");
    }

    @ParameterizedTest
    @ValueSource(strings = {"report --format pdf", "report --run", "config schema --kind Status"})
    void aWordNobodyKnowsIsAUsageError(String typed) {
        TypedCommand refused = cutover(typed.split(" ", -1));
        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.err()).contains("--help");
    }

    @Test
    void theSchemaIsPrintedAsItIs() {
        TypedCommand schema = cutover("config", "schema", "--kind", "VerificationReport");
        assertThat(schema.exitCode()).isZero();
        JsonNode json = Objects.requireNonNull(Json.parse(schema.out()));
        assertThat(json.path("title").asText()).isEqualTo("VerificationReport");
        assertThat(json.path("additionalProperties").asBoolean(true)).isFalse();
    }
}
