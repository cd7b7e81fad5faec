package dev.cutover.proxy;

import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.WriteMode;
import dev.cutover.core.topology.Topology;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;

/** What the application calls instead of the database. Safe for many threads. */
public final class DualWriteProxy implements AutoCloseable {
    private DualWriteProxy() {}

    public static DualWriteProxy open(
            Topology topology, ControlDatabase control, ProxyOptions options, MeterRegistry meters) {
        throw new UnsupportedOperationException();
    }

    public <T> T write(long shardKey, Duration budget, UnitOfWork<T> work) {
        throw new UnsupportedOperationException();
    }

    public <T> T read(long shardKey, ReadWork<T> work) {
        throw new UnsupportedOperationException();
    }

    public <T> T readFresh(long shardKey, Duration budget, ReadWork<T> work) {
        throw new UnsupportedOperationException();
    }

    public WriteMode mode() {
        throw new UnsupportedOperationException();
    }

    public Register register() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
