package dev.cutover.proxy.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** Counts what happens, as meters and as the heartbeat's JSON. Safe for many threads. */
public final class ProxyReport {
    private static final int KEPT_KEYS = 20;

    private final Map<Count, LongAdder> counts = new EnumMap<>(Count.class);
    private final Timer units;
    private final Timer fenceWaits;
    private final AtomicLong longestFenceWaitMillis = new AtomicLong();

    // Guarded by itself.
    private final ArrayDeque<Long> differingKeys = new ArrayDeque<>();

    public ProxyReport(MeterRegistry meters) {
        for (Count count : Count.values()) {
            LongAdder adder = new LongAdder();
            counts.put(count, adder);
            FunctionCounter.builder(count.meter(), adder, LongAdder::sum)
                    .tag("result", count.word())
                    .register(meters);
        }
        units = Timer.builder("cutover.proxy.write")
                .description("A write as its caller sees it, waits and repetitions included")
                .register(meters);
        fenceWaits = Timer.builder("cutover.proxy.fence.wait")
                .description("How long a write that was refused by a fence took until it was admitted or given up")
                .register(meters);
    }

    public void count(Count count) {
        count(count, 1);
    }

    public void count(Count count, int times) {
        // EnumMap of all constants.
        LongAdder adder = counts.get(count);
        if (adder != null) {
            adder.add(times);
        }
    }

    public long total(Count count) {
        LongAdder adder = counts.get(count);
        return adder == null ? 0 : adder.sum();
    }

    public void unitTook(Duration time) {
        units.record(time);
    }

    public void fenceWait(Duration time) {
        fenceWaits.record(time);
        longestFenceWaitMillis.accumulateAndGet(time.toMillis(), Math::max);
    }

    public void differed(long shardKey) {
        count(Count.SHADOW_DIFFER);
        synchronized (differingKeys) {
            if (differingKeys.size() == KEPT_KEYS) {
                differingKeys.removeFirst();
            }
            differingKeys.addLast(shardKey);
        }
    }

    /** The last keys whose reads differed, oldest first. */
    public List<Long> differingKeys() {
        synchronized (differingKeys) {
            return List.copyOf(differingKeys);
        }
    }

    /** The heartbeat's status. */
    public String toJson() {
        ObjectNode status = JsonNodeFactory.instance.objectNode();
        counts.forEach((count, adder) -> status.put(count.word(), adder.sum()));
        status.put("longestFenceWaitMillis", longestFenceWaitMillis.get());
        ArrayNode keys = status.putArray("shadowDifferKeys");
        differingKeys().forEach(keys::add);
        return status.toString();
    }
}
