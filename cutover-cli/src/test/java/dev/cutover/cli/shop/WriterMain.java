package dev.cutover.cli.shop;

import dev.cutover.core.CutoverException;
import dev.cutover.core.plan.PlanReader;
import dev.cutover.core.stage.MySqlControlDatabase;
import dev.cutover.core.topology.Topology;
import dev.cutover.proxy.DualWriteProxy;
import dev.cutover.proxy.ProxyOptions;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** A service instance: one user claims again and again; prints {@code ack operation id}, or {@code refused operation why}. */
public final class WriterMain {
    private static final Duration BUDGET = Duration.ofSeconds(30);

    private static final Duration PACE = Duration.ofMillis(10);

    private WriterMain() {}

    @SuppressWarnings("SystemOut") // standard output is how it talks to the test
    public static void main(String[] arguments) {
        String name = arguments[1];
        long user = Long.parseLong(arguments[2]);
        try (Topology topology = Topology.open(PlanReader.read(Path.of(arguments[0])), name);
                DualWriteProxy proxy = DualWriteProxy.open(
                        topology,
                        new MySqlControlDatabase(topology.control()),
                        ProxyOptions.of(name),
                        new SimpleMeterRegistry())) {
            for (int number = 1; ; number++) {
                LockSupport.parkNanos(PACE.toNanos());
                String operation = name + "-" + number;
                try {
                    long id = proxy.write(user, BUDGET, new Claim(topology, user, operation));
                    System.out.println("ack " + operation + " " + id);
                } catch (CutoverException e) {
                    System.out.println("refused " + operation + " " + e.getMessage());
                }
            }
        }
    }
}
