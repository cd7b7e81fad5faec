package dev.cutover.coupon.webhook;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Optional;

/**
 * Which addresses may be told: an application that names its own must not reach into the network that this service stands in.
 *
 * @param anywhere whether plain HTTP and addresses of this network will do, as in tests
 */
public record WebhookAddress(boolean anywhere) {
    private static final int LONGEST = 500;
    // fc00::/7, the private networks of IPv6.
    private static final int UNIQUE_LOCAL = 0xFC;
    private static final int UNIQUE_LOCAL_MASK = 0xFE;

    /** Why nothing may be sent there; empty when it may. Looks the name up, so what it says may change. */
    Optional<String> problem(URI url) {
        boolean web = "https".equals(url.getScheme()) || (anywhere && "http".equals(url.getScheme()));
        if (!web || url.getHost() == null || url.getRawUserInfo() != null || url.getRawFragment() != null) {
            return Optional.of("an address that begins with https://, without a user and a fragment");
        }
        if (url.toString().length() > LONGEST) {
            return Optional.of("an address of at most " + LONGEST + " characters");
        }
        if (anywhere) {
            return Optional.empty();
        }
        try {
            return Arrays.stream(InetAddress.getAllByName(url.getHost())).anyMatch(WebhookAddress::inside)
                    ? Optional.of("an address outside of this network")
                    : Optional.empty();
        } catch (UnknownHostException e) {
            return Optional.of("an address whose name is known");
        }
    }

    private static boolean inside(InetAddress address) {
        byte[] bytes = address.getAddress();
        return address.isLoopbackAddress()
                || address.isAnyLocalAddress()
                || address.isLinkLocalAddress()
                || address.isSiteLocalAddress()
                || address.isMulticastAddress()
                || (bytes.length > 4 && (bytes[0] & UNIQUE_LOCAL_MASK) == UNIQUE_LOCAL);
    }
}
