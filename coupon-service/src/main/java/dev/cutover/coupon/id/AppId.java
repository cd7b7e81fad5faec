package dev.cutover.coupon.id;

import java.util.Optional;

/**
 * One application that calls the service.
 *
 * @param number the value of {@code client_app.app_id}
 */
public record AppId(long number) {
    /** The mall itself, whose is what no application made. */
    public static final AppId MALL = new AppId(1);

    public static Optional<AppId> parse(String text) {
        return PrefixedNumber.parse("app_", text).map(AppId::new);
    }

    @Override
    public String toString() {
        return "app_" + number;
    }
}
