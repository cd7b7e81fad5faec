package dev.cutover.coupon.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.coupon.id.AppId;
import dev.cutover.coupon.token.Tenant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Keys as they are kept: in the room of the columns, and no two for one. */
final class KeptKeyTest {
    private static final Tenant SECOND = new Tenant(new AppId(2), (app, template) -> true);

    @Test
    void whatFitsIsKeptAsItIs() {
        for (String key : List.of("c-1", "x".repeat(64), "a:b_c.d-E", "k:short")) {
            KeptKey kept = KeptKey.of(Tenant.ANYBODY, key);
            assertThat(kept.kept()).isEqualTo(key);
            assertThat(kept.asGiven()).isTrue();
        }
        assertThat(KeptKey.of(SECOND, "x".repeat(57)).kept()).isEqualTo("x".repeat(57) + "~2");
    }

    @Test
    void theOthersAreKeptInTheRoomOfTheColumnsAndNoTwoForOne() {
        String digested = KeptKey.of(Tenant.ANYBODY, "x".repeat(65)).kept();
        assertThat(digested).matches("k:[A-Za-z0-9_-]{43}");
        List<String> keys = List.of("x".repeat(65), "x".repeat(66), digested, "a~2", "a", "a+", "a/", "=");
        Set<String> kept = new HashSet<>();
        for (String key : keys) {
            for (Tenant tenant : List.of(Tenant.ANYBODY, SECOND)) {
                KeptKey one = KeptKey.of(tenant, key);
                assertThat(one.kept()).hasSizeLessThanOrEqualTo(64).matches("[A-Za-z0-9._:~-]+");
                assertThat(kept.add(one.kept())).as(key).isTrue();
                assertThat(KeptKey.of(tenant, key)).isEqualTo(one);
            }
        }
    }

    @Test
    void anAnswerTellsTheKeyAsItWasGiven() {
        String given = "x".repeat(255);
        for (Tenant tenant : List.of(Tenant.ANYBODY, SECOND)) {
            KeptKey key = KeptKey.of(tenant, given);
            assertThat(KeptKeys.told(tenant, Optional.of(key), "{\"request_no\":\"" + key.kept() + "\"}"))
                    .isEqualTo("{\"request_no\":\"" + given + "\"}");
        }
    }
}
