package dev.cutover.coupon.http;

import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.util.InetAddressPredicates;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.netty.util.AsciiString;
import io.netty.util.AttributeKey;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The proxies whose word counts about where a request came from.
 *
 * <p>A proxy writes down the address it was asked from behind those that it was told, so X-Forwarded-For is read from its end: the first
 * address that is no trusted proxy is the client. What stands before it is the client's own word, and anybody may write that. The server's
 * own reading is not used: it takes the first address, of the first header of that name. Immutable, safe for many threads.
 *
 * @param networks addresses and networks such as {@code 10.0.0.0/8}
 */
public record TrustedProxies(List<String> networks) {
    /** Nobody: a request comes from its peer. */
    public static final TrustedProxies NONE = new TrustedProxies(List.of());

    private static final AttributeKey<InetAddress> CLIENT = AttributeKey.valueOf(TrustedProxies.class, "CLIENT");
    private static final AsciiString FORWARDED_FOR = AsciiString.cached("x-forwarded-for");
    private static final Pattern PREFIX = Pattern.compile("[0-9]{1,3}");
    private static final Pattern WITH_PORT = Pattern.compile("([0-9.]+|\\[[^\\]]+\\]):[0-9]{1,5}");
    private static final int MOST_BITS = 32;
    private static final int MOST_BITS_OF_V6 = 128;

    /** @throws IllegalArgumentException with the text that is neither an address nor a network */
    public TrustedProxies {
        networks = List.copyOf(networks);
        networks.forEach(TrustedProxies::network);
    }

    private static Predicate<InetAddress> network(String text) {
        int slash = text.indexOf('/');
        InetAddress address = literal(slash < 0 ? text : text.substring(0, slash));
        if (address == null) {
            throw new IllegalArgumentException(text);
        }
        if (slash < 0) {
            return InetAddressPredicates.ofExact(address);
        }
        String prefix = text.substring(slash + 1);
        int most = NetUtil.isValidIpV4Address(address.getHostAddress()) ? MOST_BITS : MOST_BITS_OF_V6;
        if (!PREFIX.matcher(prefix).matches() || Integer.parseInt(prefix) > most) {
            throw new IllegalArgumentException(text);
        }
        return InetAddressPredicates.ofCidr(address, Integer.parseInt(prefix));
    }

    /** Never asks for a name. */
    private static @Nullable InetAddress literal(String text) {
        return NetUtil.createInetAddressFromIpAddressString(text);
    }

    /** Finds out for each request where it came from. */
    Memory memory() {
        return new Memory(networks.stream().map(TrustedProxies::network).toList());
    }

    /** Safe for many threads. */
    static final class Memory {
        private final List<Predicate<InetAddress>> trusted;

        private Memory(List<Predicate<InetAddress>> trusted) {
            this.trusted = trusted;
        }

        void remember(ServiceRequestContext context, RequestHeaders headers) {
            InetAddress peer = context.remoteAddress().getAddress();
            if (trusts(peer)) {
                context.setAttr(CLIENT, client(peer, headers.getAll(FORWARDED_FOR)));
            }
        }

        private boolean trusts(InetAddress address) {
            return trusted.stream().anyMatch(network -> network.test(address));
        }

        private InetAddress client(InetAddress peer, List<String> forwarded) {
            List<String> hops = new ArrayList<>(forwarded.stream()
                    .flatMap(line -> Arrays.stream(line.split(",", -1)))
                    .map(String::strip)
                    .toList());
            InetAddress client = peer;
            for (int i = hops.size() - 1; i >= 0 && trusts(client); i--) {
                InetAddress hop = address(hops.get(i));
                if (hop == null) {
                    return client;
                }
                client = hop;
            }
            return client;
        }

        private static @Nullable InetAddress address(String hop) {
            Matcher withPort = WITH_PORT.matcher(hop);
            return literal(withPort.matches() ? withPort.group(1) : hop);
        }
    }

    /** Where a request came from. */
    static InetAddress client(ServiceRequestContext context) {
        InetAddress told = context.attr(CLIENT);
        return told == null ? context.clientAddress() : told;
    }

    /** Addresses and networks with commas between them. */
    public static TrustedProxies parse(String text) {
        return new TrustedProxies(
                Stream.of(text.split(",", -1)).map(String::strip).toList());
    }
}
