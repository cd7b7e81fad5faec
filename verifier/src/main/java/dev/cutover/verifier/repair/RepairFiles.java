package dev.cutover.verifier.repair;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.StoredTable;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.verifier.repair.RepairRefusedException.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Plans and undos as files: values of rows are in them, so only their owner may read them; on the disk before anything is written to a table;
 * and with a checksum that only who has the migration's control database can make. Immutable, safe for many threads.
 */
final class RepairFiles {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CHECKSUM = "checksum";
    private static final String PLAN = "RepairPlan";
    private static final String UNDO = "RepairUndo";

    private final byte[] key;

    /**
     * @param key of the checksums, hexadecimal
     */
    RepairFiles(String key) {
        this.key = HexFormat.of().parseHex(key);
    }

    /** The file beside a plan that undoes it. */
    static Path undoOf(Path plan) {
        String name = String.valueOf(plan.getFileName());
        int dot = name.lastIndexOf('.');
        return plan.resolveSibling(dot <= 0 ? name + ".undo" : name.substring(0, dot) + ".undo" + name.substring(dot));
    }

    /** Writes the undo, then the plan; existing files stay. */
    void write(Planned planned, Path file) {
        Path undoFile = undoOf(file);
        ObjectNode undo = header(UNDO, planned.undo().header());
        ArrayNode rows = undo.putArray("rows");
        for (UndoPlan.Undo row : planned.undo().rows()) {
            ObjectNode node = row(row.repair());
            texts(node.putArray("undoStatements"), row.statements());
            ArrayNode before = node.putArray("before");
            row.before().forEach(kept -> kept(before, kept));
            rows.add(node);
        }
        String undoSum = seal(undo);
        ObjectNode plan = header(PLAN, planned.plan().header());
        plan.putObject("undo")
                .put("file", String.valueOf(undoFile.getFileName()))
                .put(CHECKSUM, undoSum);
        ArrayNode planRows = plan.putArray("rows");
        planned.plan().rows().forEach(row -> planRows.add(row(row)));
        ArrayNode left = plan.putArray("left");
        planned.plan()
                .left()
                .forEach(one -> left.addObject().put("row", one.row()).put("why", one.why()));
        seal(plan);
        write(undoFile, undo);
        write(file, plan);
    }

    /** Reads a plan; its undo must be beside it, whole. */
    RepairPlan readPlan(Path file) {
        JsonNode node = read(file, PLAN);
        RepairPlan.Header header = header(node);
        requireSeal(file, node);
        Path undoFile = file.resolveSibling(node.path("undo").path("file").asText());
        JsonNode undo = read(undoFile, UNDO);
        requireSeal(undoFile, undo);
        if (!undo.path(CHECKSUM)
                .asText()
                .equals(node.path("undo").path(CHECKSUM).asText())) {
            throw new RepairRefusedException(
                    Reason.FILE, undoFile + " is not the undo of " + file + "; without it nothing is written.");
        }
        force(undoFile);
        List<RowRepair> rows = new ArrayList<>();
        node.path("rows").forEach(row -> rows.add(row(row)));
        List<RepairPlan.Left> left = new ArrayList<>();
        node.path("left")
                .forEach(one -> left.add(new RepairPlan.Left(
                        one.path("row").asText(), one.path("why").asText())));
        return new RepairPlan(header, rows, left);
    }

    UndoPlan readUndo(Path file) {
        JsonNode node = read(file, UNDO);
        RepairPlan.Header header = header(node);
        requireSeal(file, node);
        List<UndoPlan.Undo> rows = new ArrayList<>();
        for (JsonNode row : node.path("rows")) {
            List<Optional<UndoPlan.Kept>> before = new ArrayList<>();
            row.path("before").forEach(one -> before.add(kept(one)));
            rows.add(new UndoPlan.Undo(row(row), before, texts(row.path("undoStatements"))));
        }
        return new UndoPlan(header, rows);
    }

    /** Of another migration a file is told by its name first, not by a checksum that cannot match. */
    static String migrationOf(Path file) {
        return parse(file).path("migration").asText();
    }

    private static ObjectNode header(String kind, RepairPlan.Header header) {
        ObjectNode node = JSON.createObjectNode();
        node.put("apiVersion", "cutover/v1");
        node.put("kind", kind);
        node.put("migration", header.migration());
        node.put("planHash", header.planHash());
        node.put("epoch", header.epoch().number());
        node.put("stage", header.stage().name());
        node.put("truth", header.truth().name());
        node.put("createdAt", header.createdAt().toString());
        node.put("from", header.from());
        node.put("salt", header.salt());
        return node;
    }

    private static RepairPlan.Header header(JsonNode node) {
        try {
            return new RepairPlan.Header(
                    node.path("migration").asText(),
                    node.path("planHash").asText(),
                    new Epoch(node.path("epoch").asLong()),
                    Stage.valueOf(node.path("stage").asText()),
                    Side.valueOf(node.path("truth").asText()),
                    Instant.parse(node.path("createdAt").asText()),
                    node.path("from").asText(),
                    node.path("salt").asText());
        } catch (RuntimeException e) {
            throw new RepairRefusedException(
                    Reason.FILE, "The head of the file cannot be read: " + e.getMessage() + ".");
        }
    }

    private static ObjectNode row(RowRepair row) {
        ObjectNode node = JSON.createObjectNode();
        node.put("table", row.table());
        texts(node.putArray("sourceKey"), row.sourceKey().parts());
        node.put("database", row.database().name());
        texts(node.putArray("kinds"), row.kinds());
        node.put("truth", row.truth());
        ArrayNode spots = node.putArray("spots");
        for (RowRepair.Spot spot : row.spots()) {
            ObjectNode one = spots.addObject().put("slot", spot.slot());
            texts(one.putArray("key"), spot.key().parts());
        }
        ArrayNode places = node.putArray("places");
        for (PlannedPlace planned : row.places()) {
            ObjectNode one = places.addObject().put("table", planned.place().table());
            texts(one.putArray("key"), planned.place().key().parts());
            one.put("before", planned.before());
            one.put("goal", planned.goal().kind().name());
            one.put("is", planned.goal().text());
        }
        texts(node.putArray("statements"), row.statements());
        return node;
    }

    private static RowRepair row(JsonNode node) {
        DatabaseId database = new DatabaseId(node.path("database").asText());
        List<RowRepair.Spot> spots = new ArrayList<>();
        node.path("spots")
                .forEach(one ->
                        spots.add(new RowRepair.Spot(one.path("slot").asInt(), new RowKey(texts(one.path("key"))))));
        List<PlannedPlace> places = new ArrayList<>();
        node.path("places")
                .forEach(one -> places.add(new PlannedPlace(
                        new Place(database, one.path("table").asText(), new RowKey(texts(one.path("key")))),
                        one.path("before").asText(),
                        new Goal(
                                Goal.Kind.valueOf(one.path("goal").asText()),
                                one.path("is").asText()))));
        return new RowRepair(
                node.path("table").asText(),
                new RowKey(texts(node.path("sourceKey"))),
                database,
                texts(node.path("kinds")),
                node.path("truth").asText(),
                spots,
                places,
                texts(node.path("statements")));
    }

    private static void kept(ArrayNode into, Optional<UndoPlan.Kept> kept) {
        if (kept.isEmpty()) {
            into.addNull();
            return;
        }
        ObjectNode node = into.addObject();
        List<String> columns = kept.get().columns();
        byte[] @Nullable [] values = kept.get().row().values();
        for (int i = 0; i < values.length; i++) {
            byte[] value = values[i];
            node.put(columns.get(i), value == null ? null : Base64.getEncoder().encodeToString(value));
        }
    }

    private static Optional<UndoPlan.Kept> kept(JsonNode node) {
        if (!node.isObject()) {
            return Optional.empty();
        }
        List<String> columns = new ArrayList<>();
        node.fieldNames().forEachRemaining(columns::add);
        byte[] @Nullable [] values = new byte[columns.size()][];
        for (int i = 0; i < values.length; i++) {
            JsonNode value = node.path(columns.get(i));
            values[i] = value.isNull() ? null : Base64.getDecoder().decode(value.asText());
        }
        return Optional.of(new UndoPlan.Kept(columns, new StoredTable.Row(values)));
    }

    private static void texts(ArrayNode array, List<String> texts) {
        texts.forEach(array::add);
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(one -> texts.add(one.asText()));
        return texts;
    }

    private String seal(ObjectNode node) {
        String sum = sum(node);
        node.put(CHECKSUM, sum);
        return sum;
    }

    private void requireSeal(Path file, JsonNode node) {
        ObjectNode bare = ((ObjectNode) node).deepCopy();
        bare.remove(CHECKSUM);
        if (!sum(bare).equals(node.path(CHECKSUM).asText())) {
            throw new RepairRefusedException(
                    Reason.FILE,
                    file + " is not what this migration's  cutover repair plan  wrote: its checksum does not match.");
        }
    }

    private String sum(ObjectNode node) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return HexFormat.of()
                    .formatHex(mac.doFinal(JSON.writeValueAsString(node).getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException | JsonProcessingException e) {
            throw new IllegalStateException("A checksum could not be made.", e);
        }
    }

    private static JsonNode read(Path file, String kind) {
        JsonNode node = parse(file);
        if (!node.isObject() || !node.path("kind").asText().equals(kind)) {
            throw new RepairRefusedException(
                    Reason.FILE,
                    file + " is no " + kind + (kind.equals(UNDO) ? " that  --undo  could put back." : "."));
        }
        return node;
    }

    private static JsonNode parse(Path file) {
        try {
            return JSON.readTree(Files.readString(file));
        } catch (JsonProcessingException e) {
            // The parser's message quotes the text.
            throw new RepairRefusedException(Reason.FILE, file + " is not JSON.");
        } catch (IOException e) {
            throw new RepairRefusedException(Reason.FILE, file + " cannot be read (" + reason(e) + ").");
        }
    }

    private static String reason(IOException e) {
        return e instanceof NoSuchFileException
                ? "it is not there"
                : e instanceof AccessDeniedException ? "access denied" : String.valueOf(e.getMessage());
    }

    private static void write(Path file, ObjectNode node) {
        boolean posix = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
        FileAttribute<?>[] mine = posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
        try (FileChannel channel =
                FileChannel.open(file, Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW), mine)) {
            ByteBuffer bytes =
                    ByteBuffer.wrap(JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(node));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        } catch (FileAlreadyExistsException e) {
            throw new RepairRefusedException(
                    Reason.FILE,
                    file + " is there already and is not overwritten: it may be all that is left of a row.");
        } catch (IOException e) {
            throw new RepairRefusedException(Reason.FILE, file + " cannot be written (" + reason(e) + ").");
        }
        // A new name is on the disk only when its folder is.
        force(file.toAbsolutePath().getParent());
    }

    private static void force(@Nullable Path path) {
        if (path == null) {
            return;
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            throw new RepairRefusedException(Reason.FILE, path + " cannot be brought to the disk (" + reason(e) + ").");
        }
    }
}
