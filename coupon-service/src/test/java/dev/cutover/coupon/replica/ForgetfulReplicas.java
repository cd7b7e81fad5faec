package dev.cutover.coupon.replica;

import dev.cutover.core.topology.Topology;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;

/** The twin of {@link Replicas} that does not ask primaries how far they have written. */
public final class ForgetfulReplicas {
    private ForgetfulReplicas() {}

    public static Replicas open(Topology topology, ReplicaAddress address, ScheduledExecutorService threads) {
        return Replicas.open(topology, List.of(address), threads, new SimpleMeterRegistry(), asking -> () -> "");
    }
}
