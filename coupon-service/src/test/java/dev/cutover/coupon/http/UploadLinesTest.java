package dev.cutover.coupon.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.coupon.issuance.Audience;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Lists that people upload, as audiences: no line of them is lost without a word. */
final class UploadLinesTest {
    private static Audience audience(String text) {
        return AudienceUpload.read(escaped(text).getBytes(StandardCharsets.UTF_8));
    }

    private static String escaped(String text) {
        return text.replace("_", "\n").replace("^", "\r").replace("~", "\uFEFF").replace("USER\nID", "user_id");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "7_8",
                "7_8_",
                "7^_8^_",
                "~7_8",
                "USER_ID_7_8",
                "~ USER_ID ,name_7,Ann_8,Bob",
                "_7_ \t_8__",
            })
    void aHeadingAMarkAndBlankLinesArePassedOver(String text) {
        assertThat(audience(text).users()).containsExactly(7, 8);
    }

    @Test
    void theHeadingIsKnownInAnyCase() {
        assertThat(AudienceUpload.read("User_ID\n7".getBytes(StandardCharsets.UTF_8))
                        .users())
                .containsExactly(7);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "-5_7|1",
                "7x_7|1",
                "123456789012_7|1",
                "users_7|1",
                "USER_ID2_7|1",
                "~~7_8|1",
                "0_7|1",
                "2147483648_7|1",
                "99999999999999999999_7|1",
                "7_USER_ID_8|2",
                "_USER_ID_8|2",
                "USER_ID__7_,Ann_8|4",
                "7_8^9_|2",
                "7^8^9|1",
                "7_ 8|2",
                "7_8 ,x|2",
            })
    void whateverElseIsWrongRefusesAllWithTheNumberOfItsLine(String text, int line) {
        assertThatThrownBy(() -> audience(text))
                .isInstanceOf(ApiException.class)
                .hasMessageContaining("in line " + line + " ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "~", "USER_ID", "__", "~USER_ID_ _"})
    void aListOfNobodyIsNone(String text) {
        assertThatThrownBy(() -> audience(text)).isInstanceOf(ApiException.class);
    }
}
