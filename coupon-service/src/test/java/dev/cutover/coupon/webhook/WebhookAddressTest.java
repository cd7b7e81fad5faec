package dev.cutover.coupon.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class WebhookAddressTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://93.184.216.34/hook",
                "ftp://93.184.216.34/hook",
                "https://ann:secret@93.184.216.34/hook",
                "https://93.184.216.34/hook#part",
                "https://127.0.0.1/hook",
                "https://localhost/hook",
                "https://10.0.0.7/hook",
                "https://192.168.1.1/hook",
                "https://172.16.3.4/hook",
                "https://169.254.169.254/latest/meta-data",
                "https://0.0.0.0/hook",
                "https://[::1]/hook",
                "https://[fd00::1]/hook",
                "https://224.0.0.1/hook",
                "/hook"
            })
    void nobodyIsToldInsideOfThisNetworkOrInPlain(String url) {
        assertThat(new WebhookAddress(false).problem(URI.create(url))).isPresent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://93.184.216.34/hook", "https://93.184.216.34:8443/hook?app=1"})
    void anAddressOutsideMayBeTold(String url) {
        assertThat(new WebhookAddress(false).problem(URI.create(url))).isEmpty();
        assertThat(new WebhookAddress(true).problem(URI.create("http://127.0.0.1:80/hook")))
                .as("where anywhere will do")
                .isEmpty();
    }
}
