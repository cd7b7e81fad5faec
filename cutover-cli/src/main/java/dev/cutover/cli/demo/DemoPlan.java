package dev.cutover.cli.demo;

import dev.cutover.core.routing.ShardLayout;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Writes the plan of a demo: the coupon plan with the addresses filled in, and a password file that only its owner reads. */
final class DemoPlan {
    private static final String TEMPLATE = "cutover.yaml.template";

    private DemoPlan() {}

    static Path write(Path folder, DemoServers servers, ShardLayout layout, String password) {
        Path passwordFile = folder.resolve("password");
        int half = layout.databases() / 2;
        Map<String, String> values = new TreeMap<>();
        values.put("OLD_PORT", Integer.toString(servers.legacy().port()));
        values.put("NEW_0_PORT", Integer.toString(servers.shardServer(0).port()));
        values.put("NEW_1_PORT", Integer.toString(servers.shardServer(1).port()));
        values.put("NEW_0_FIRST", "0");
        values.put("NEW_0_LAST", Integer.toString(half - 1));
        values.put("NEW_1_FIRST", Integer.toString(half));
        values.put("NEW_1_LAST", Integer.toString(layout.databases() - 1));
        values.put("TABLES", Integer.toString(layout.tables()));
        values.put("PASSWORD_FILE", passwordFile.toString());
        try {
            Files.deleteIfExists(passwordFile);
            try (var channel = Files.newByteChannel(
                    passwordFile,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
                channel.write(StandardCharsets.UTF_8.encode(password + "\n"));
            }
            String text = template();
            for (Map.Entry<String, String> value : values.entrySet()) {
                text = text.replace("@" + value.getKey() + "@", value.getValue());
            }
            return Files.writeString(folder.resolve("cutover.yaml"), text);
        } catch (IOException e) {
            throw new DemoFailedException("The plan of the demo could not be written to " + folder + ".", e);
        }
    }

    private static String template() throws IOException {
        try (InputStream stream = DemoPlan.class.getResourceAsStream(TEMPLATE)) {
            if (stream == null) {
                throw new IOException("The jar was built without " + TEMPLATE + ".");
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
