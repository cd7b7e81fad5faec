package dev.cutover.proxy;

import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.Instance;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.WriteMode;
import dev.cutover.core.topology.Topology;
import dev.cutover.proxy.compare.Reader;
import dev.cutover.proxy.compare.Shadow;
import dev.cutover.proxy.intake.RoutingView;
import dev.cutover.proxy.intake.RoutingViews;
import dev.cutover.proxy.intake.SessionWatch;
import dev.cutover.proxy.intake.Writer;
import dev.cutover.proxy.mirror.Mirror;
import dev.cutover.proxy.report.Heartbeat;
import dev.cutover.proxy.report.ProxyReport;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * What the application calls instead of the database: it runs units of work on the side that holds the truth, mirrors them where the stage
 * says so, and reads from the side the ramp says. Safe for many threads; one a process.
 *
 * <p>A change of stage, mode or ramp reaches a running proxy by itself. During a switch a write waits within its caller's budget and then
 * lands on the other side. Mirrors are written after the caller has its answer and never fail or delay it.
 */
public final class DualWriteProxy implements AutoCloseable {
    private final ProxyOptions options;
    private final ProxyReport report;
    private final Mirror mirror;
    private final Shadow shadow;
    private final RoutingViews views;
    private final Heartbeat heartbeat;
    private final SessionWatch watch;
    private final Writer writer;
    private final Reader reader;
    private final ExecutorService preparation;

    private DualWriteProxy(Topology topology, ControlDatabase control, ProxyOptions options, MeterRegistry meters) {
        this.options = options;
        this.report = new ProxyReport(meters);
        // One at work, one waiting; a third would only do the same.
        this.preparation = new ThreadPoolExecutor(
                1,
                1,
                0,
                TimeUnit.MILLISECONDS,
                new ArrayBlockingQueue<>(1),
                task -> {
                    Thread thread = new Thread(task, "cutover-prepare-" + options.instanceId());
                    thread.setDaemon(true);
                    return thread;
                },
                new ThreadPoolExecutor.DiscardPolicy());
        this.shadow = new Shadow(report, options.instanceId());
        this.heartbeat = new Heartbeat(control, this::instance, options.instanceId());
        this.views = new RoutingViews(control, report, options.poll(), options.instanceId(), this::viewChanged);
        this.mirror = new Mirror(topology, options, report, views.current());
        this.watch = new SessionWatch(topology, options.instanceId());
        this.writer = new Writer(topology, views, mirror, report, watch, options);
        this.reader = new Reader(topology, views, shadow, report, watch);
        Gauge.builder("cutover.proxy.view.version", views, v -> v.current().version())
                .description("The version of the register this instance acts on")
                .register(meters);
    }

    /**
     * Reads the register and begins to follow it and to report this instance.
     *
     * @throws dev.cutover.core.stage.ControlDatabaseException when there is no register: the migration has to be initialised first
     */
    public static DualWriteProxy open(
            Topology topology, ControlDatabase control, ProxyOptions options, MeterRegistry meters) {
        DualWriteProxy proxy = new DualWriteProxy(topology, control, options, meters);
        proxy.viewChanged();
        proxy.views.start();
        proxy.heartbeat.start(options.heartbeat());
        return proxy;
    }

    /**
     * Runs a unit of work, once in effect: finds an earlier run by its operation id, or runs it and commits.
     *
     * @param shardKey routes the unit; all its rows belong to this key
     * @param budget how long the caller is willing to wait for a fence, or for repetitions
     * @throws WriteFencedException when no fence admitted the unit within the budget; nothing was written
     * @throws WorkFailedException when the database refused a statement of the work, or kept ending the unit; nothing was written
     * @throws OutcomeUnknownException when the answer to a commit was lost and could not be learned; call again with the same id
     */
    public <T> T write(long shardKey, Duration budget, UnitOfWork<T> work) {
        return write(shardKey, Patience.of(budget), work);
    }

    /**
     * The same for a caller who stops listening at some time: a statement that still runs then is ended.
     *
     * @throws WorkFailedException also when nobody listens any more; nothing was written
     */
    public <T> T write(long shardKey, Patience patience, UnitOfWork<T> work) {
        return writer.write(shardKey, patience, work);
    }

    /**
     * Reads from the truth, or, while OLD holds it, from NEW for the share of users the ramp says; follows the view, so it may trail a
     * switch by a poll. What fails on the side that is not the truth is read from the truth.
     */
    public <T> T read(long shardKey, ReadWork<T> work) {
        return read(shardKey, Optional.empty(), work);
    }

    /** @param listening as {@link Patience#listening}: the read fails when it has passed */
    public <T> T read(long shardKey, Optional<Duration> listening, ReadWork<T> work) {
        return reader.read(shardKey, listening, work);
    }

    /** Reads from the truth while holding its fence: sees every write that was answered before. */
    public <T> T readFresh(long shardKey, Duration budget, ReadWork<T> work) {
        return readFresh(shardKey, Patience.of(budget), work);
    }

    /** The same for a caller who stops listening at some time. */
    public <T> T readFresh(long shardKey, Patience patience, ReadWork<T> work) {
        return writer.write(shardKey, patience, new FreshRead<>(work));
    }

    /** Where writes go by the view of this instance. */
    public WriteMode mode() {
        RoutingView view = views.current();
        return WriteMode.of(view.truth(), view.mirrors());
    }

    /** The register as this instance last saw it. */
    public Register register() {
        return views.current().register();
    }

    /** Stops following and reporting, and gives mirrors that are on their way their deadline. */
    @Override
    public void close() {
        views.close();
        preparation.shutdownNow();
        shadow.close();
        watch.close();
        mirror.close();
        heartbeat.close();
    }

    private void viewChanged() {
        mirror.follow(views.current());
        prepareMirror();
        heartbeat.now();
    }

    private Instance instance() {
        RoutingView view = views.current();
        // Until the projections can be made, each report is an occasion to try again.
        prepareMirror();
        return new Instance(
                options.instanceId(),
                "proxy",
                host(),
                ProcessHandle.current().pid(),
                options.toolVersion(),
                // Not the view's: whoever has waited for a version finds no mirror at work that began before it.
                mirror.version(),
                view.epoch().number(),
                WriteMode.of(view.truth(), view.mirrors()).name(),
                Instant.EPOCH,
                report.toJson());
    }

    private void prepareMirror() {
        preparation.execute(() -> mirror.prepare(views.current()));
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown";
        }
    }

    /** A read under the fence is a unit that has always been done. */
    private record FreshRead<T>(ReadWork<T> work) implements UnitOfWork<T> {
        @Override
        public Optional<T> replay(Unit unit) throws SQLException {
            return Optional.of(work.run((ReadView) unit));
        }

        @Override
        public T run(Unit unit) {
            throw new IllegalStateException("A fresh read has always been done.");
        }
    }
}
