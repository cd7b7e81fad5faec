package dev.cutover.cli.step;

import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.Instance;
import dev.cutover.core.stage.Register;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;

/** The running processes, as gates ask for them. */
public final class Instances {
    static final String PROXY = "proxy";
    static final String WORKER = "worker";

    // A proxy looks five times a second and reports twice a second.
    private static final Duration FOLLOW_PATIENCE = Duration.ofSeconds(5);

    // Whoever has just been started reports within half a second.
    private static final Duration REPORT_PATIENCE = Duration.ofSeconds(2);
    private static final Duration ASK_AGAIN = Duration.ofMillis(100);

    private Instances() {}

    public static List<Instance> proxies(ControlDatabase control) {
        return control.instances().stream()
                .filter(instance -> instance.kind().equals(PROXY))
                .toList();
    }

    public static List<Instance> workers(ControlDatabase control) {
        return control.instances().stream()
                .filter(instance -> instance.kind().equals(WORKER))
                .toList();
    }

    /** Every proxy acts on this register or a newer one; proxies that are gone do not count, the fence stops them. */
    static Gate followGate(ControlDatabase control, Register register) {
        awaitFollowers(control, register, FOLLOW_PATIENCE);
        List<Instance> proxies = proxies(control);
        String late = proxies.stream()
                .filter(proxy -> proxy.registerVersion() < register.version())
                .map(proxy -> proxy.id() + " (version " + proxy.registerVersion() + ")")
                .collect(Collectors.joining(", "));
        return Gate.of(
                "proxies follow",
                late.isEmpty(),
                late.isEmpty()
                        ? "all " + proxies.size() + " have seen register version " + register.version()
                        : late + " has not seen register version " + register.version() + " yet",
                "run the same command again in a second; an instance that stays behind must be restarted");
    }

    /** Whether a proxy is alive; one that has just been started is given the time to report. */
    static Gate proxyGate(ControlDatabase control, String again) {
        Waiting.until(REPORT_PATIENCE, ASK_AGAIN, () -> !proxies(control).isEmpty());
        List<Instance> proxies = proxies(control);
        return Gate.of(
                "a proxy is alive",
                !proxies.isEmpty(),
                proxies.isEmpty()
                        ? "no service instance has reported itself in the last five seconds"
                        : proxies.size() + " alive",
                "start the service with the proxy, then  cutover " + again);
    }

    /** Whether a worker is alive; one that has just been started is given the time to report. */
    static Gate workerGate(ControlDatabase control) {
        Waiting.until(REPORT_PATIENCE, ASK_AGAIN, () -> !workers(control).isEmpty());
        List<Instance> workers = workers(control);
        return Gate.of(
                "a worker is alive",
                !workers.isEmpty(),
                workers.isEmpty()
                        ? "no worker has reported itself in the last five seconds"
                        : workers.size() + " alive",
                "cutover worker   in another terminal or as a service");
    }

    /** Waits until every worker alive acts on a register: streams it does not call for have ended by then; false when one does not in time. */
    static boolean awaitWorkers(ControlDatabase control, Register register, Duration bound) {
        return Waiting.until(
                bound,
                ASK_AGAIN,
                () -> workers(control).stream().allMatch(worker -> worker.registerVersion() >= register.version()));
    }

    /** Waits until every proxy alive has seen a register; false when one has not in time. */
    static boolean awaitFollowers(ControlDatabase control, Register register, Duration bound) {
        return Waiting.until(
                bound,
                ASK_AGAIN,
                () -> proxies(control).stream().allMatch(proxy -> proxy.registerVersion() >= register.version()));
    }
}
