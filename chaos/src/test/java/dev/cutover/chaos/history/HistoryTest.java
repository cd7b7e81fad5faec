package dev.cutover.chaos.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HistoryTest {
    private static final List<HistoryRecord> ONE_OF_EACH = List.of(
            new HistoryRecord.Invoke(1, 10, 7, "4f2", 12, new Request.Append(List.of(0, 2))),
            new HistoryRecord.Invoke(2, 11, 8, "4f3", 12, new Request.Read(ReadMode.ROUTED)),
            new HistoryRecord.Invoke(3, 11, 9, "4f4", 12, new Request.Claim(5)),
            new HistoryRecord.Invoke(4, 11, 10, "4f5", 12, new Request.Redeem(77, "or1")),
            new HistoryRecord.Invoke(5, 11, 11, "4f6", 12, new Request.Release(77, "or1")),
            HistoryRecord.Ok.written(6, 12, 7, "4f2", 3, Side.OLD, 0),
            HistoryRecord.Ok.read(7, 12, 8, "4f3", 3, Side.NEW, Map.of(0, List.of("a", "b"), 2, List.of())),
            new HistoryRecord.Fail(8, 13, 9, "4f4", "sold \"out\"\n"),
            new HistoryRecord.Info(9, 13, 10, "4f5", "timeout"),
            new HistoryRecord.Fault(10, 14, "kill-worker", Phase.BEGIN, "pid 7"),
            new HistoryRecord.Command(11, 14, Phase.BEGIN, "switch --to new", OptionalInt.empty()),
            new HistoryRecord.Command(12, 15, Phase.END, "switch --to new", OptionalInt.of(3)),
            new HistoryRecord.Gate(13, 16, "EQUAL", 3));

    @TempDir
    private Path folder;

    private static List<HistoryRecord> read(Path path) {
        List<HistoryRecord> found = new ArrayList<>();
        HistoryReader.read(path, found::add);
        return found;
    }

    @Test
    void whatIsWrittenIsRead() {
        Path path = folder.resolve("history.jsonl");
        try (HistoryWriter writer = HistoryWriter.create(path)) {
            ONE_OF_EACH.forEach(writer::write);
        }

        assertThat(read(path)).isEqualTo(ONE_OF_EACH);
    }

    @Test
    void theLinesAreThoseOfTheContract() {
        assertThat(new String(HistoryLine.encode(ONE_OF_EACH.get(0)), StandardCharsets.UTF_8))
                .isEqualTo("{\"type\":\"invoke\",\"at\":1,\"wall\":10,\"process\":7,\"op\":\"4f2\",\"f\":\"append\","
                        + "\"user\":12,\"keys\":[0,2]}\n");
        assertThat(new String(HistoryLine.encode(ONE_OF_EACH.get(6)), StandardCharsets.UTF_8))
                .isEqualTo("{\"type\":\"ok\",\"at\":7,\"wall\":12,\"process\":8,\"op\":\"4f3\",\"epoch\":3,"
                        + "\"side\":\"NEW\",\"result\":0,\"lists\":{\"0\":[\"a\",\"b\"],\"2\":[]}}\n");
    }

    @Test
    void aLineIsWithTheOperatingSystemWhenWriteReturns() {
        Path path = folder.resolve("history.jsonl");
        try (HistoryWriter writer = HistoryWriter.create(path)) {
            writer.write(ONE_OF_EACH.get(0));

            assertThat(read(path)).containsExactly(ONE_OF_EACH.get(0));
        }
    }

    @Test
    void linesOfManyThreadsStayWhole() {
        Path path = folder.resolve("history.jsonl");
        try (HistoryWriter writer = HistoryWriter.create(path)) {
            IntStream.range(0, 2000)
                    .parallel()
                    .forEach(i -> writer.write(new HistoryRecord.Info(i, i, i, "o" + i, "why ".repeat(i % 50))));
        }

        assertThat(read(path)).hasSize(2000).doesNotHaveDuplicates();
    }

    @Test
    void aTornLastLineIsLeftOut() throws IOException {
        Path path = folder.resolve("history.jsonl");
        try (HistoryWriter writer = HistoryWriter.create(path)) {
            ONE_OF_EACH.forEach(writer::write);
        }
        Files.writeString(path, "{\"type\":\"invoke\",\"at\"", StandardOpenOption.APPEND);
        List<HistoryRecord> found = new ArrayList<>();

        HistoryReader.Extent extent = HistoryReader.read(path, found::add);

        assertThat(extent).isEqualTo(new HistoryReader.Extent(ONE_OF_EACH.size(), true));
        assertThat(found).isEqualTo(ONE_OF_EACH);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"type\":\"invoke\",\"at\"",
                "",
                "[]",
                "{\"type\":\"gate\",\"at\":1,\"wall\":2,\"verdict\":\"EQUAL\",\"epoch\":3} {}",
                "{\"type\":\"gate\",\"at\":1,\"wall\":2,\"verdict\":\"EQUAL\",\"epoch\":3,\"more\":1}",
                "{\"type\":\"gate\",\"at\":1,\"at\":1,\"wall\":2,\"verdict\":\"EQUAL\",\"epoch\":3}",
                "{\"type\":\"gate\",\"at\":1.5,\"wall\":2,\"verdict\":\"EQUAL\",\"epoch\":3}",
                "{\"type\":\"gate\",\"at\":1,\"wall\":2,\"verdict\":\"EQUAL\"}",
                "{\"type\":\"surprise\",\"at\":1,\"wall\":2}",
                "{\"type\":\"invoke\",\"at\":1,\"wall\":2,\"process\":1,\"op\":\"a\",\"f\":\"append\",\"user\":1,\"keys\":[]}",
                "{\"type\":\"invoke\",\"at\":1,\"wall\":2,\"process\":1,\"op\":\"a\",\"f\":\"read\",\"user\":1,\"mode\":\"stale\"}"
            })
    void anyOtherLineIsRefusedByFileAndLine(String line) throws IOException {
        Path path = folder.resolve("history.jsonl");
        Files.write(path, HistoryLine.encode(ONE_OF_EACH.get(0)));
        Files.writeString(path, line + "\n", StandardOpenOption.APPEND);

        assertThatThrownBy(() -> read(path))
                .isInstanceOf(HistoryUnreadableException.class)
                .hasMessageStartingWith(path + ":2 ");
    }

    @Test
    void theExportIsWhatElleReads() throws IOException {
        Path path = folder.resolve("history.jsonl");
        try (HistoryWriter writer = HistoryWriter.create(path)) {
            writer.write(new HistoryRecord.Invoke(1, 1, 7, "a", 12, new Request.Append(List.of(0, 2))));
            writer.write(new HistoryRecord.Info(2, 2, 7, "a", "timeout"));
            writer.write(new HistoryRecord.Invoke(3, 3, 7, "b", 12, new Request.Read(ReadMode.FRESH)));
            writer.write(HistoryRecord.Ok.read(4, 4, 7, "b", 1, Side.OLD, Map.of(0, List.of("a"), 2, List.of("a"))));
            writer.write(new HistoryRecord.Invoke(5, 5, 7, "c", 12, new Request.Read(ReadMode.ROUTED)));
            writer.write(new HistoryRecord.Invoke(6, 6, 8, "d", 12, new Request.Claim(1)));
        }
        Path edn = folder.resolve("history.edn");

        assertThat(ElleExport.write(path, edn)).isEqualTo(4);

        assertThat(Files.readAllLines(edn))
                .containsExactly(
                        "{:index 0, :type :invoke, :process 7, :time 1, :f :txn, :value [[:append \"12/0\" \"a\"] [:append \"12/2\" \"a\"]]}",
                        "{:index 1, :type :info, :process 7, :time 2, :f :txn, :value [[:append \"12/0\" \"a\"] [:append \"12/2\" \"a\"]]}",
                        "{:index 2, :type :invoke, :process 100007, :time 3, :f :txn, :value [[:r \"12/0\" nil] [:r \"12/2\" nil]]}",
                        "{:index 3, :type :ok, :process 100007, :time 4, :f :txn, :value [[:r \"12/0\" [\"a\"]] [:r \"12/2\" [\"a\"]]]}");
    }
}
