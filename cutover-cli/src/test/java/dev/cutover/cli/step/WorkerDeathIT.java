package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.cli.console.Json;
import dev.cutover.core.stage.Instance;
import dev.cutover.sandbox.JavaProcess;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WorkerDeathIT {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerDeathIT.class);
    private static final int DEATHS = "full".equals(System.getenv("CUTOVER_FAULTS")) ? 3 : 1;

    @TempDir
    @SuppressWarnings("NonFinalStaticField") // JUnit sets it once for the class
    static Path folder = Path.of("");

    private WalkedShop walked;

    @BeforeAll
    void walk() throws SQLException {
        walked = WalkedShop.verified(folder);
    }

    @AfterAll
    void close() {
        walked.close();
    }

    private Optional<JsonNode> status(JavaProcess worker) {
        return walked.control().instances().stream()
                .filter(instance -> instance.pid() == worker.pid())
                .map(Instance::statusJson)
                .map(Json::parse)
                .findFirst();
    }

    private static Duration since(long begun) {
        return Duration.ofNanos(System.nanoTime() - begun);
    }

    @Test
    void aKilledWorkerIsReplacedWithoutWaitingForItsLease() throws SQLException {
        for (int turn = 0; turn < DEATHS; turn++) {
            walked.streamsRun();
            JavaProcess before = walked.worker();
            // It stands by when the other dies: on a busy machine its start alone takes as long as the lease.
            JavaProcess next = walked.nextWorker();
            until(() -> next.line("worker-").isPresent()
                    && status(next).filter(WorkerDeathIT::active).isEmpty());
            before.kill();
            long begun = System.nanoTime();
            until(() -> status(next).filter(WorkerDeathIT::active).isPresent());
            Duration active = since(begun);
            until(() -> status(next).filter(WorkerDeathIT::streams).isPresent());
            Duration streaming = since(begun);
            LOG.info(
                    "A new worker had the lease after {} ms and kept up after {} ms",
                    active.toMillis(),
                    streaming.toMillis());
            assertThat(walked.processes().log(next.name()))
                    .contains("takes the lease of a worker whose process is gone");
            // Two seconds on a machine of its own; here processors are shared with whatever else runs.
            assertThat(streaming).isLessThan(Duration.ofSeconds(25));
        }
        walked.writersGoOn();
        walked.verify();
        walked.nothingAcknowledgedIsLost();
    }

    private static void until(Callable<Boolean> condition) {
        Awaitility.await()
                .pollInterval(Duration.ofMillis(10))
                .atMost(Duration.ofSeconds(30))
                .until(condition);
    }

    private static boolean active(JsonNode status) {
        return status.path("active").asBoolean();
    }

    private static boolean streams(JsonNode status) {
        return status.path("lagSeconds").isNumber() && !status.path("streams").isEmpty();
    }
}
