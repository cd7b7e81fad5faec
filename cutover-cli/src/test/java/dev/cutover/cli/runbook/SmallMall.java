package dev.cutover.cli.runbook;

import dev.cutover.cli.shop.WorkerThread;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.PlanReader;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.MySqlControlDatabase;
import dev.cutover.core.topology.Topology;
import dev.cutover.proxy.DualWriteProxy;
import dev.cutover.proxy.ProxyOptions;
import dev.cutover.sandbox.MySqlServer;
import dev.cutover.sandbox.mall.MallData;
import dev.cutover.sandbox.mall.MallSchema;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The mall of the demo in small: its plan, one server for all schemas, a worker, and the proxy of a service that nobody asks anything. */
final class SmallMall implements AutoCloseable {
    private static final String TEMPLATE = "/dev/cutover/cli/demo/cutover.yaml.template";
    private static final long SEED = 7;
    private static final int COUPONS = 1_000;

    private final Topology topology;
    private final ControlDatabase control;
    private @Nullable DualWriteProxy proxy;
    private @Nullable WorkerThread worker;

    private SmallMall(MigrationPlan plan) {
        this.topology = Topology.open(plan, "runbooks");
        this.control = new MySqlControlDatabase(topology.control());
    }

    /** A legacy mall with rows, and a plan in the folder; nothing of Cutover is installed. */
    static SmallMall create(Path folder) throws IOException, SQLException {
        MySqlServer server = MySqlServer.shared();
        server.execute("CREATE DATABASE mall DEFAULT CHARACTER SET utf8");
        try (Connection connection = server.connect("mall")) {
            MallSchema.createLegacy(connection);
            MallData.generate(
                    connection,
                    MallData.Options.of(SEED, Instant.now())
                            .withUserCoupons(COUPONS)
                            .withUsers(COUPONS / 4));
        }
        Path password = Files.writeString(folder.resolve("password"), server.rootPassword());
        Map<String, String> values = new TreeMap<>();
        values.put("@OLD_PORT@", Integer.toString(server.port()));
        values.put("@NEW_0_PORT@", Integer.toString(server.port()));
        values.put("@NEW_1_PORT@", Integer.toString(server.port()));
        values.put("@NEW_0_FIRST@", "0");
        values.put("@NEW_0_LAST@", "0");
        values.put("@NEW_1_FIRST@", "1");
        values.put("@NEW_1_LAST@", "1");
        values.put("@TABLES@", "2");
        values.put("@PASSWORD_FILE@", password.toString());
        values.put("user: cutover", "user: " + server.rootUser());
        String text = template();
        for (Map.Entry<String, String> value : values.entrySet()) {
            text = text.replace(value.getKey(), value.getValue());
        }
        return new SmallMall(PlanReader.read(Files.writeString(folder.resolve("cutover.yaml"), text)));
    }

    private static String template() throws IOException {
        try (InputStream stream = Objects.requireNonNull(SmallMall.class.getResourceAsStream(TEMPLATE), TEMPLATE)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** What a page takes for granted from "Writes through the proxy" on: it wants the register, so not before it is installed. */
    void startServiceAndWorker() {
        proxy = DualWriteProxy.open(topology, control, ProxyOptions.of("coupon-service-1"), new SimpleMeterRegistry());
        worker = WorkerThread.start(topology, control, "worker-1");
    }

    @Override
    public void close() {
        DualWriteProxy service = proxy;
        if (service != null) {
            service.close();
        }
        WorkerThread running = worker;
        if (running != null) {
            running.close();
        }
        topology.close();
    }
}
