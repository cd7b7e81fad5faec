package dev.cutover.coupon.redis;

import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.redisson.config.BaseConfig;
import org.redisson.config.BaseMasterSlaveServersConfig;
import org.redisson.config.ClusterServersConfig;
import org.redisson.config.Config;
import org.redisson.config.ReadMode;
import org.redisson.config.SentinelServersConfig;

/**
 * Where Redis is, in one of three ways: {@code redis://host:port}, {@code redis+cluster://host:port,host:port} with some nodes of a cluster,
 * {@code redis+sentinel://host:port,host:port/name} with sentinels and the name they watch; {@code rediss} for TLS.
 *
 * <p>Reads go to masters: what a replica does not have yet would be filled in again.
 *
 * @param kind how Redis is run
 * @param nodes addresses with {@code redis://} or {@code rediss://} before them
 * @param master the name that sentinels know it by, empty otherwise
 */
public record RedisAddress(Kind kind, List<String> nodes, String master) {
    /** How Redis is run. */
    enum Kind {
        SINGLE,
        SENTINEL,
        CLUSTER
    }

    private static final Pattern SEVERAL =
            Pattern.compile("(rediss?)\\+(cluster|sentinel)://([^/,]+(?:,[^/,]+)*)(?:/([A-Za-z0-9._-]+))?");
    private static final Pattern ONE = Pattern.compile("rediss?://.+");
    private static final Duration CONNECT = Duration.ofMillis(250);
    // A node that comes back is asked again soon: until then its keys are read from MySQL.
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

    public RedisAddress {
        nodes = List.copyOf(nodes);
    }

    /** Reads an address; refuses what is none of the three ways. */
    public static RedisAddress parse(String text) {
        Matcher several = SEVERAL.matcher(text);
        if (several.matches()) {
            boolean sentinel = several.group(2).equals("sentinel");
            String master = several.group(4) == null ? "" : several.group(4);
            if (sentinel != master.isEmpty()) {
                List<String> nodes = Stream.of(several.group(3).split(",", -1))
                        .map(node -> several.group(1) + "://" + node)
                        .toList();
                return new RedisAddress(sentinel ? Kind.SENTINEL : Kind.CLUSTER, nodes, master);
            }
        }
        if (!ONE.matcher(text).matches()) {
            throw new IllegalArgumentException("redis://host:port, redis+cluster://host:port,host:port or"
                    + " redis+sentinel://host:port,host:port/name");
        }
        return new RedisAddress(Kind.SINGLE, List.of(text), "");
    }

    Config config(RedisPatience patience) {
        Config config = new Config();
        config.setThreads(2).setNettyThreads(2).setLazyInitialization(true);
        String[] addresses = nodes.toArray(String[]::new);
        switch (kind) {
            case SINGLE ->
                patient(config.useSingleServer(), patience)
                        .setAddress(nodes.get(0))
                        .setConnectionMinimumIdleSize(1)
                        .setConnectionPoolSize(patience.connections())
                        .setDnsMonitoringInterval(-1);
            case SENTINEL -> {
                SentinelServersConfig sentinel = masters(config.useSentinelServers(), patience)
                        .setMasterName(master)
                        .setCheckSentinelsList(false)
                        .setScanInterval((int) LOOK_AGAIN.toMillis());
                sentinel.addSentinelAddress(addresses);
            }
            case CLUSTER -> {
                ClusterServersConfig cluster = masters(config.useClusterServers(), patience)
                        // What lives on the other nodes can be asked while one is away.
                        .setCheckSlotsCoverage(false)
                        .setScanInterval((int) LOOK_AGAIN.toMillis());
                cluster.addNodeAddress(addresses);
            }
        }
        return config;
    }

    private static <C extends BaseMasterSlaveServersConfig<C>> C masters(C config, RedisPatience patience) {
        return patient(config, patience)
                .setReadMode(ReadMode.MASTER)
                .setMasterConnectionMinimumIdleSize(1)
                .setMasterConnectionPoolSize(patience.connections())
                .setSlaveConnectionMinimumIdleSize(1)
                .setDnsMonitoringInterval(-1);
    }

    private static <C extends BaseConfig<C>> C patient(C config, RedisPatience patience) {
        return config.setTimeout((int) patience.answer().toMillis())
                .setConnectTimeout((int) CONNECT.toMillis())
                .setRetryAttempts(0);
    }
}
