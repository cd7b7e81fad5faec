package dev.cutover.coupon.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.coupon.refusal.Refusal;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

final class DiscountTest {
    private static final Discount FIVE_OFF = new Discount(1, 1, 500L, null, 3000, null);
    private static final Discount FIFTEEN_PERCENT = new Discount(1, 2, null, 1500L, 0, null);

    @Test
    void aFixedAmountNeverPaysOut() {
        assertThat(FIVE_OFF.amountOn(OptionalLong.of(3000), 3000)).isEqualTo(500);
        assertThat(FIVE_OFF.amountOn(OptionalLong.of(3000), 200)).isEqualTo(200);
        assertThat(FIVE_OFF.amountOn(OptionalLong.empty(), Long.MAX_VALUE)).isEqualTo(500);
    }

    @Test
    void halfAMinorUnitIsRoundedUp() {
        assertThat(FIFTEEN_PERCENT.amountOn(OptionalLong.of(10_000), 10_000)).isEqualTo(1500);
        assertThat(FIFTEEN_PERCENT.amountOn(OptionalLong.of(10), 10)).isEqualTo(2);
        assertThat(FIFTEEN_PERCENT.amountOn(OptionalLong.of(3), 3)).isZero();
        assertThat(FIFTEEN_PERCENT.amountOn(OptionalLong.of(10_000_000_000L), Long.MAX_VALUE))
                .isEqualTo(1_500_000_000L);
    }

    @Test
    void aCapIsTheMostAPercentageTakesOff() {
        Discount capped = new Discount(1, 2, null, 9000L, 0, 700L);
        assertThat(capped.amountOn(OptionalLong.of(10_000), 10_000)).isEqualTo(700);
        assertThat(capped.amountOn(OptionalLong.of(10_000), 300)).isEqualTo(300);
        assertThat(capped.amountOn(OptionalLong.of(500), 500)).isEqualTo(450);
    }

    @Test
    void aPercentageOfAnUnknownOrderIsUnknown() {
        assertThat(FIFTEEN_PERCENT.amountOn(OptionalLong.empty(), Long.MAX_VALUE))
                .isZero();
    }

    @Test
    void theThresholdIsTheOrdersAmount() {
        assertThatThrownBy(() -> FIVE_OFF.amountOn(OptionalLong.of(2999), 2999)).isInstanceOf(Refusal.class);
    }
}
