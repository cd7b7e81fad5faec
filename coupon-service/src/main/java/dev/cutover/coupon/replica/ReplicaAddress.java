package dev.cutover.coupon.replica;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A server that follows another one.
 *
 * @param primary the server it follows, {@code host:port} as the plan has it
 * @param host host name or address
 * @param port TCP port
 */
public record ReplicaAddress(String primary, String host, int port) {
    private static final Pattern PAIR = Pattern.compile(
            "(?<primary>[A-Za-z0-9._:\\[\\]-]+:[0-9]{1,5})=(?<host>[A-Za-z0-9._:\\[\\]-]+):(?<port>[0-9]{1,5})");
    private static final int HIGHEST_PORT = 65_535;

    /**
     * Reads {@code primary=replica} pairs with commas between them, both as {@code host:port}.
     *
     * @throws IllegalArgumentException with the pair that is none
     */
    public static List<ReplicaAddress> parse(String text) {
        List<ReplicaAddress> all = new ArrayList<>();
        for (String pair : text.split(",", -1)) {
            Matcher matcher = PAIR.matcher(pair.strip());
            if (!matcher.matches()) {
                throw new IllegalArgumentException(pair.strip());
            }
            int port = Integer.parseInt(matcher.group("port"));
            if (port < 1 || port > HIGHEST_PORT) {
                throw new IllegalArgumentException(pair.strip());
            }
            all.add(new ReplicaAddress(matcher.group("primary"), matcher.group("host"), port));
        }
        return List.copyOf(all);
    }

    /** {@code host:port}, which names the server. */
    public String server() {
        return host + ":" + port;
    }
}
