package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.coupon.detail.CouponKind;
import dev.cutover.coupon.http.TrustedProxies;
import dev.cutover.coupon.replica.ReplicaAddress;
import dev.cutover.coupon.stock.StockStrategy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ServiceSettingsTest {
    @Test
    void anEmptyEnvironmentHasUsualValues() {
        ServiceSettings settings = ServiceSettings.read(Map.of("CUTOVER_CONFIG", "/etc/plan.yaml"), "coupon-1");
        assertThat(settings)
                .isEqualTo(new ServiceSettings(
                        Path.of("/etc/plan.yaml"),
                        8080,
                        "coupon-1",
                        Optional.empty(),
                        Duration.ofSeconds(2),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        StockStrategy.SLICES,
                        Optional.empty(),
                        false,
                        TrustedProxies.NONE,
                        Map.of(),
                        Optional.empty(),
                        false,
                        Optional.empty(),
                        List.of()));
    }

    @Test
    void everySettingIsRead(@TempDir Path directory) throws IOException {
        Path tags = Files.writeString(directory.resolve("tags.json"), "{}");
        ServiceSettings settings = ServiceSettings.read(
                environment(
                        "COUPON_WEBHOOKS_ANYWHERE",
                        "on",
                        "COUPON_ARCHIVE_AGE",
                        "400d",
                        "REDIS_URI_USERS",
                        "rediss://users:6380",
                        "COUPON_REPLICAS",
                        "db-a:3306=db-a2:3307",
                        "REDIS_URI_FREIGHT",
                        "redis+cluster://a:1,b:2",
                        "CUTOVER_CONFIG",
                        "p.yaml",
                        "COUPON_PORT",
                        "0",
                        "COUPON_INSTANCE",
                        "b",
                        "REDIS_URI",
                        "redis://127.0.0.1:6379",
                        "COUPON_WRITE_BUDGET",
                        "750ms",
                        "COUPON_MESSAGE_CENTRE",
                        "http://127.0.0.1:9/m",
                        "COUPON_STOCK",
                        "redis",
                        "COUPON_TAGS",
                        tags.toString(),
                        "COUPON_DOCS",
                        "on",
                        "COUPON_TRUSTED_PROXIES",
                        "10.0.0.0/8, ::1,192.168.1.7"),
                "a");
        assertThat(settings)
                .isEqualTo(new ServiceSettings(
                        Path.of("p.yaml"),
                        0,
                        "b",
                        Optional.of("redis://127.0.0.1:6379"),
                        Duration.ofMillis(750),
                        Optional.of(java.net.URI.create("http://127.0.0.1:9/m")),
                        Optional.empty(),
                        Optional.empty(),
                        StockStrategy.REDIS,
                        Optional.of(tags),
                        true,
                        new TrustedProxies(List.of("10.0.0.0/8", "::1", "192.168.1.7")),
                        Map.of(CouponKind.FREIGHT, "redis+cluster://a:1,b:2"),
                        Optional.of(Duration.ofDays(400)),
                        true,
                        Optional.of("rediss://users:6380"),
                        List.of(new ReplicaAddress("db-a:3306", "db-a2", 3307))));
    }

    private static Map<String, String> environment(String... namesAndValues) {
        Map<String, String> environment = new HashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            environment.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return environment;
    }

    @ParameterizedTest
    @CsvSource({
        "redis+sentinel://a:1",
        "redis+cluster://a:1/name",
        "redis+cluster:///n",
        "http://a:1",
        "redis+nodes://a:1"
    })
    void whatIsNoAddressOfARedisIsRefusedAndNotTold(String uri) {
        assertThatThrownBy(() -> ServiceSettings.read(Map.of("REDIS_URI_STORE", uri), "a"))
                .isInstanceOf(SettingsInvalidException.class)
                .hasMessageContaining("REDIS_URI_STORE")
                .hasMessageNotContaining(uri);
    }

    @Test
    void allProblemsAreToldAtOnce() {
        Map<String, String> wrong = Map.of(
                "COUPON_PORT",
                "70000",
                "COUPON_INSTANCE",
                "a b",
                "REDIS_URI",
                "localhost",
                "COUPON_WRITE_BUDGET",
                "1h",
                "COUPON_MESSAGE_CENTRE",
                "ftp://x",
                "COUPON_CODE_KEYS",
                "/no/such/file",
                "COUPON_TOKENS",
                "/no/such/tokens",
                "COUPON_STOCK",
                "memory",
                "COUPON_DOCS",
                "yes");
        assertThatThrownBy(() -> ServiceSettings.read(wrong, "a"))
                .isInstanceOf(SettingsInvalidException.class)
                .hasMessageContainingAll(
                        "COUPON_PORT",
                        "COUPON_INSTANCE",
                        "REDIS_URI",
                        "COUPON_WRITE_BUDGET",
                        "/no/such/tokens",
                        "COUPON_STOCK");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "gateway|gateway",
                "10.0.0.1,gateway.internal|gateway.internal",
                "10.0.0.0/33|10.0.0.0/33",
                "::1/129|::1/129",
                "10.0.0.0/|10.0.0.0/",
                "10.0.0|10.0.0",
                "10.0.0.1 10.0.0.2|10.0.0.1 10.0.0.2",
                "10.0.0.1:80|10.0.0.1:80",
                "10.0.0.1,|''",
            })
    void aProxyThatIsNoAddressIsNamed(String proxies, String wrong) {
        assertThatThrownBy(() -> ServiceSettings.read(Map.of("COUPON_TRUSTED_PROXIES", proxies), "a"))
                .isInstanceOf(SettingsInvalidException.class)
                .hasMessageContaining("COUPON_TRUSTED_PROXIES has '" + wrong + "'");
    }

    @Test
    void aReplicaOfNothingIsNamed() {
        assertThatThrownBy(() -> ServiceSettings.read(Map.of("COUPON_REPLICAS", "a:1=b:2,db-a2:3306"), "a"))
                .isInstanceOf(SettingsInvalidException.class)
                .hasMessageContaining("COUPON_REPLICAS has 'db-a2:3306'");
    }

    @Test
    void stockIsInOneRowInSlicesOrInRedisAsIsSaid() {
        assertThat(ServiceSettings.read(Map.of(), "a").stock()).isEqualTo(StockStrategy.SLICES);
        assertThat(ServiceSettings.read(Map.of("COUPON_STOCK", "slices"), "a").stock())
                .isEqualTo(StockStrategy.SLICES);
        assertThat(ServiceSettings.read(Map.of("COUPON_STOCK", "row"), "a").stock())
                .isEqualTo(StockStrategy.ROW);
        assertThat(ServiceSettings.read(Map.of("COUPON_STOCK", "redis", "REDIS_URI", "redis://r"), "a")
                        .stock())
                .isEqualTo(StockStrategy.REDIS);
    }

    @Test
    void aCounterInRedisNeedsToKnowWhereThatIs() {
        assertThatThrownBy(() -> ServiceSettings.read(Map.of("COUPON_STOCK", "redis"), "a"))
                .isInstanceOf(SettingsInvalidException.class)
                .hasMessageContaining("REDIS_URI");
    }
}
