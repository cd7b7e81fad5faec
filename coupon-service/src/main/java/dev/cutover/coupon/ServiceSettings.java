package dev.cutover.coupon;

import dev.cutover.core.plan.PlanReader;
import dev.cutover.coupon.detail.CouponKind;
import dev.cutover.coupon.http.TrustedProxies;
import dev.cutover.coupon.redis.RedisAddress;
import dev.cutover.coupon.replica.ReplicaAddress;
import dev.cutover.coupon.stock.StockStrategy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What the environment says about one instance; passwords are not here, the plan says where they are.
 *
 * @param config the plan file
 * @param port 0 for any free one
 * @param instance the name of this instance in the control database
 * @param redis where the claim lock and the counters of stock are kept, empty for none
 * @param writeBudget how long a write may wait for a switch
 * @param messageCentre who tells users of coupons issued to them, empty for nobody
 * @param codeKeys the file of the secrets of codes, empty where there are none
 * @param tokens the file of the secrets of tokens, empty where nobody is asked for one
 * @param stock where claims take limited stock from on NEW
 * @param tags the file of the tags that audiences ask about, empty where there are none
 * @param docs whether anybody may browse the API
 * @param proxies whose X-Forwarded-For says where a request came from
 * @param ownRedis where the details of a kind of coupons are kept, where it is not {@code redis}
 * @param archiveAge how long a coupon must have been of no use to be put into the archive, empty where none is
 * @param webhooksAnywhere whether webhooks may be plain HTTP and inside of this network
 * @param userRedis where what users have not used is kept, empty where it is not
 * @param replicas what follows the servers of the shard databases and may be read from
 */
record ServiceSettings(
        Path config,
        int port,
        String instance,
        Optional<String> redis,
        Duration writeBudget,
        Optional<URI> messageCentre,
        Optional<Path> codeKeys,
        Optional<Path> tokens,
        StockStrategy stock,
        Optional<Path> tags,
        boolean docs,
        TrustedProxies proxies,
        Map<CouponKind, String> ownRedis,
        Optional<Duration> archiveAge,
        boolean webhooksAnywhere,
        Optional<String> userRedis,
        List<ReplicaAddress> replicas) {
    static final int USUAL_PORT = 8080;
    static final Duration USUAL_BUDGET = Duration.ofSeconds(2);

    private static final int HIGHEST_PORT = 65_535;
    private static final Duration LEAST_BUDGET = Duration.ofMillis(100);
    private static final Duration MOST_BUDGET = Duration.ofSeconds(10);

    /** All settings, or every problem at once. */
    static ServiceSettings read(Map<String, String> environment, String usualInstance) {
        List<String> problems = new ArrayList<>();
        Path config = Optional.ofNullable(environment.get("CUTOVER_CONFIG"))
                .filter(text -> !text.isBlank())
                .map(Path::of)
                .orElseGet(PlanReader::defaultPath);
        int port = port(environment, problems);
        String instance = environment.getOrDefault("COUPON_INSTANCE", usualInstance);
        if (!instance.matches("[A-Za-z0-9._:-]{1,64}")) {
            problems.add("COUPON_INSTANCE is '" + instance
                    + "': use 1 to 64 letters, digits, '.', '_', ':' and '-', another for each instance");
        }
        Optional<String> redis = redis(environment, "REDIS_URI", problems);
        Map<CouponKind, String> ownRedis = new EnumMap<>(CouponKind.class);
        for (CouponKind kind : CouponKind.values()) {
            redis(environment, "REDIS_URI_" + kind, problems).ifPresent(uri -> ownRedis.put(kind, uri));
        }
        Optional<String> userRedis = redis(environment, "REDIS_URI_USERS", problems);
        Duration budget = budget(environment, problems);
        Optional<URI> messageCentre = messageCentre(environment, problems);
        Optional<Path> codeKeys = file(environment, "COUPON_CODE_KEYS", problems);
        Optional<Path> tokens = file(environment, "COUPON_TOKENS", problems);
        StockStrategy stock = stock(environment, redis.isPresent(), problems);
        Optional<Path> tags = file(environment, "COUPON_TAGS", problems);
        boolean docs = onOrOff(environment, "COUPON_DOCS", problems);
        boolean webhooksAnywhere = onOrOff(environment, "COUPON_WEBHOOKS_ANYWHERE", problems);
        TrustedProxies proxies = proxies(environment, problems);
        Optional<Duration> archiveAge = archiveAge(environment, problems);
        List<ReplicaAddress> replicas = replicas(environment, problems);
        if (!problems.isEmpty()) {
            throw new SettingsInvalidException(problems);
        }
        return new ServiceSettings(
                config,
                port,
                instance,
                redis,
                budget,
                messageCentre,
                codeKeys,
                tokens,
                stock,
                tags,
                docs,
                proxies,
                ownRedis,
                archiveAge,
                webhooksAnywhere,
                userRedis,
                replicas);
    }

    private static List<ReplicaAddress> replicas(Map<String, String> environment, List<String> problems) {
        String text = environment.getOrDefault("COUPON_REPLICAS", "");
        try {
            return text.isBlank() ? List.of() : ReplicaAddress.parse(text);
        } catch (IllegalArgumentException e) {
            problems.add("COUPON_REPLICAS has '" + e.getMessage()
                    + "': use pairs such as db-a:3306=db-a2:3306, the server in the plan and the one that follows it,"
                    + " with commas between them");
            return List.of();
        }
    }

    private static Optional<Duration> archiveAge(Map<String, String> environment, List<String> problems) {
        Optional<String> text =
                Optional.ofNullable(environment.get("COUPON_ARCHIVE_AGE")).filter(given -> !given.isBlank());
        if (text.isPresent() && !text.get().matches("[1-9][0-9]{0,4}d")) {
            problems.add("COUPON_ARCHIVE_AGE is '" + text.get() + "': use a number of days such as 400d");
            return Optional.empty();
        }
        return text.map(days -> Duration.ofDays(Long.parseLong(days.substring(0, days.length() - 1))));
    }

    /** Where a Redis is; the address is not told when it is wrong, for it may have a password in it. */
    private static Optional<String> redis(Map<String, String> environment, String name, List<String> problems) {
        Optional<String> uri = Optional.ofNullable(environment.get(name)).filter(text -> !text.isBlank());
        uri.ifPresent(text -> {
            try {
                var unused = RedisAddress.parse(text);
            } catch (IllegalArgumentException e) {
                problems.add(name + " is no address of a Redis: use " + e.getMessage() + ", or rediss for TLS");
            }
        });
        return uri;
    }

    private static TrustedProxies proxies(Map<String, String> environment, List<String> problems) {
        String text = environment.getOrDefault("COUPON_TRUSTED_PROXIES", "");
        try {
            return text.isBlank() ? TrustedProxies.NONE : TrustedProxies.parse(text);
        } catch (IllegalArgumentException e) {
            problems.add("COUPON_TRUSTED_PROXIES has '" + e.getMessage()
                    + "': use addresses and networks such as 10.0.0.5 or 10.0.0.0/8, with commas between them");
            return TrustedProxies.NONE;
        }
    }

    private static boolean onOrOff(Map<String, String> environment, String name, List<String> problems) {
        String text = environment.getOrDefault(name, "off");
        if (!text.equals("on") && !text.equals("off")) {
            problems.add(name + " is '" + text + "': use on or off");
        }
        return text.equals("on");
    }

    private static Optional<Path> file(Map<String, String> environment, String name, List<String> problems) {
        Optional<Path> file = Optional.ofNullable(environment.get(name))
                .filter(text -> !text.isBlank())
                .map(Path::of);
        if (file.isPresent() && !Files.isReadable(file.get())) {
            problems.add(name + " names a file that cannot be read: '" + file.get() + "'");
        }
        return file;
    }

    private static StockStrategy stock(Map<String, String> environment, boolean redis, List<String> problems) {
        String text = environment.getOrDefault("COUPON_STOCK", "slices");
        switch (text) {
            case "row" -> {
                return StockStrategy.ROW;
            }
            case "slices" -> {
                return StockStrategy.SLICES;
            }
            case "redis" -> {
                if (!redis) {
                    problems.add("COUPON_STOCK is 'redis' without a Redis: say where it is in REDIS_URI");
                }
                return StockStrategy.REDIS;
            }
            default -> {
                problems.add("COUPON_STOCK is '" + text + "': use row, slices or redis");
                return StockStrategy.SLICES;
            }
        }
    }

    private static Optional<URI> messageCentre(Map<String, String> environment, List<String> problems) {
        Optional<String> text =
                Optional.ofNullable(environment.get("COUPON_MESSAGE_CENTRE")).filter(given -> !given.isBlank());
        if (text.isPresent() && !text.get().matches("https?://[^\\s@]+")) {
            problems.add("COUPON_MESSAGE_CENTRE is not an address that begins with http:// or https://");
            return Optional.empty();
        }
        return text.map(URI::create);
    }

    private static int port(Map<String, String> environment, List<String> problems) {
        String text = environment.getOrDefault("COUPON_PORT", Integer.toString(USUAL_PORT));
        if (!text.matches("[0-9]{1,5}") || Integer.parseInt(text) > HIGHEST_PORT) {
            problems.add("COUPON_PORT is '" + text + "': use a port from 0 (any free one) to " + HIGHEST_PORT);
            return 0;
        }
        return Integer.parseInt(text);
    }

    private static Duration budget(Map<String, String> environment, List<String> problems) {
        String text = environment.getOrDefault("COUPON_WRITE_BUDGET", "2s").strip();
        try {
            Duration budget = text.matches("[0-9]+ms")
                    ? Duration.ofMillis(Long.parseLong(text.substring(0, text.length() - 2)))
                    : Duration.parse("PT" + text.toUpperCase(Locale.ROOT));
            if (budget.compareTo(LEAST_BUDGET) >= 0 && budget.compareTo(MOST_BUDGET) <= 0) {
                return budget;
            }
        } catch (DateTimeParseException | NumberFormatException e) {
            problems.add("COUPON_WRITE_BUDGET is '" + text + "': use a duration such as 500ms or 2s");
            return USUAL_BUDGET;
        }
        problems.add("COUPON_WRITE_BUDGET is '" + text + "': use " + LEAST_BUDGET.toMillis() + "ms to "
                + MOST_BUDGET.toSeconds() + "s");
        return USUAL_BUDGET;
    }
}
