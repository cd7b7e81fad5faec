package dev.cutover.coupon.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RequestBodyTest {
    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "1", "null", "{\"a\":1,\"a\":2}", "{} {}", "{\"a\":1,}"})
    void whatIsNotOneObjectIsRefused(String text) {
        assertThatThrownBy(() -> RequestBody.parse(text))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.param()).isEqualTo("body"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"7\"", "7.0", "1e1", "0", "11", "true", "99999999999999999999"})
    void anIntegerIsAnIntegerInItsRange(String value) {
        RequestBody body = RequestBody.parse("{\"n\":" + value + "}");
        assertThatThrownBy(() -> body.integer("n", 1, 10)).isInstanceOf(ApiException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"7\"", "7.0", "1e1", "-1", "11", "true", "18446744073709551616", "-18446744073709551616"})
    void aListOfIntegersHasIntegersInTheirRange(String value) {
        RequestBody body = RequestBody.parse("{\"n\":[3," + value + "]}");
        assertThatThrownBy(() -> body.integers("n", 0, 10))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.param()).isEqualTo("n[1]"));
        assertThatThrownBy(() -> body.integers("n", 0L, 10L)).isInstanceOf(ApiException.class);
        assertThat(RequestBody.parse("{\"n\":[0,10]}").integers("n", 0, 10)).containsExactly(0, 10);
    }

    @Test
    void aNullFieldIsAMissingOne() {
        assertThatThrownBy(() -> RequestBody.parse("{\"n\":null}").integer("n", 1, 10))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.error()).isEqualTo(ApiError.PARAMETER_MISSING));
    }

    @Test
    void nestedFieldsAreNamedByTheirPath() {
        RequestBody item = RequestBody.parse("{\"items\":[{},{\"q\":\"x\"}]}")
                .children("items")
                .get(1);
        assertThatThrownBy(() -> item.integer("q", 1, 2))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.param()).isEqualTo("items[1].q"));
    }
}
