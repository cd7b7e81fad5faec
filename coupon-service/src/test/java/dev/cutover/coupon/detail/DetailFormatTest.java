package dev.cutover.coupon.detail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.template.Discount;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class DetailFormatTest {
    private static final Detail FULL = new Detail(
            7,
            new Detail.Offer(
                    "满减 30−5 🎟",
                    new Discount(2, 2, null, 1_500L, 3_000, 900L),
                    null,
                    1_700_000_000_000L,
                    1_800_000_000_000L,
                    1_650_000_000_000L,
                    1_790_000_000_000L,
                    "{\"badge\": \"双11\", \"text\": \"" + "满减".repeat(150) + "\"}"));
    private static final Detail BARE = new Detail(
            Integer.MAX_VALUE,
            new Detail.Offer(null, new Discount(1, 1, 500L, null, 0, null), 3L, null, null, null, null, null));

    @ParameterizedTest
    @EnumSource
    void aReaderKnowsWhateverFormatAWriterUses(DetailFormat format) {
        for (Detail detail : new Detail[] {FULL, BARE, Detail.none(3)}) {
            assertThat(DetailFormat.read(format.write(detail))).contains(detail);
        }
        assertThat(DetailFormat.read(DetailFormat.smallest(FULL))).contains(FULL);
    }

    @ParameterizedTest
    @EnumSource
    void whatIsCutOrSpoiledIsAsIfNothingWereThereOrTellsNothingOfAnother(DetailFormat format) {
        byte[] value = format.write(FULL);
        for (int length = 0; length < DetailFormat.HEADER; length++) {
            assertThat(DetailFormat.read(Arrays.copyOf(value, length))).isEmpty();
        }
        value[0] = 99;
        assertThat(DetailFormat.read(value)).isEmpty();
        byte[] noBody = format.write(FULL);
        Arrays.fill(noBody, DetailFormat.HEADER, noBody.length, (byte) 0xFF);
        assertThat(DetailFormat.read(noBody)).isEmpty();
    }

    @Test
    void theSmallestFormTakesLessThanHalfOfJson() {
        int json = DetailFormat.JSON.write(FULL).length;
        assertThat(DetailFormat.smallest(FULL).length).isLessThan(json / 2);
        assertThat(DetailFormat.smallest(FULL)[0]).isEqualTo((byte) 2);
        int bare = DetailFormat.JSON.write(BARE).length;
        assertThat(DetailFormat.smallest(BARE).length).isLessThan(bare / 4);
        assertThat(DetailFormat.smallest(BARE)[0])
                .as("too short to be compressed")
                .isEqualTo((byte) 1);
    }

    @Test
    void anOlderVersionComesBeforeANewerOneByItsBytes() {
        byte[] older = Arrays.copyOfRange(DetailFormat.COMPACT.write(Detail.none(255)), 1, DetailFormat.HEADER);
        byte[] newer = Arrays.copyOfRange(DetailFormat.JSON.write(Detail.none(256)), 1, DetailFormat.HEADER);
        assertThat(Arrays.compareUnsigned(older, newer)).isNegative();
    }

    @Test
    void keysAreShortAndThoseOfAProductLiveInOneSlot() {
        DetailKey key = new DetailKey(new TemplateId(900_001), "8812", "SKU-100045 ", null);
        assertThat(key.text(12)).isEqualTo("c{sku-100045}8812." + Long.toString(900_001, 36));
        assertThat(key.text(12).getBytes(StandardCharsets.UTF_8)).hasSizeLessThan(24);
        assertThat(new DetailKey(new TemplateId(1), "0", "}{a}", "c").text(1))
                .as("the slot's part ends where the product does")
                .isEqualTo("1{\u0001{a\u0001}0.1.c");
    }
}
