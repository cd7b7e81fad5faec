package dev.cutover.coupon.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which server follows which is told in pairs. */
final class ReplicaAddressTest {
    @Test
    void aPrimaryMayHaveSeveralReplicas() {
        assertThat(ReplicaAddress.parse("db-a:3306=db-a2:3307, db-a:3306=[fd00::2]:3306"))
                .containsExactly(
                        new ReplicaAddress("db-a:3306", "db-a2", 3307),
                        new ReplicaAddress("db-a:3306", "[fd00::2]", 3306));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "db-a2:3306",
                "db-a:3306=db-a2",
                "db-a:3306=db-a2:0",
                "db-a:3306=db-a2:70000",
                "a:1=b:2,",
                "a:1=b:2;c"
            })
    void whatIsNoPairIsRefused(String text) {
        assertThatThrownBy(() -> ReplicaAddress.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }
}
