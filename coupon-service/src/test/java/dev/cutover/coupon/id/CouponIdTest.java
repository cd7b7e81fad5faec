package dev.cutover.coupon.id;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CouponIdTest {
    @Test
    void packsSequenceAndSlot() {
        CouponId id = CouponId.of(100_000, 7);
        assertThat(id.number()).isEqualTo(100_000L << 10 | 7);
        assertThat(id.sequence()).isEqualTo(100_000);
        assertThat(id.slot()).isEqualTo(7);
        assertThat(CouponId.parse(id.toString())).contains(id);
    }

    @Test
    void holdsTheWholeRangeOfTheMall() {
        CouponId last = CouponId.of(Integer.MAX_VALUE, 1023);
        assertThat(last.sequence()).isEqualTo(Integer.MAX_VALUE);
        assertThat(last.slot()).isEqualTo(1023);
        assertThatThrownBy(() -> CouponId.of(1L << 31, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> CouponId.of(1, 1024)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "cpn_", "1", "cpn_01", "cpn_-1", "cpn_1x", "tpl_1", "CPN_1", "cpn_ 1", "cpn_1234567890123456"
            })
    void readsNothingElse(String text) {
        assertThat(CouponId.parse(text)).isEmpty();
    }
}
