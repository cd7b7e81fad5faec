package dev.cutover.core.position;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GtidSetTest {
    private static final String A = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
    private static final String B = "4e11fa47-71ca-11e1-9e33-c80aa9429562";

    @Test
    void readsMySqlsNotationAndPrintsItCanonically() {
        assertThat(GtidSet.parse(" \n" + B + ":7:1-3 ,\n" + A.toUpperCase(java.util.Locale.ROOT) + ":5:3-4:4 "))
                .hasToString(A + ":3-5," + B + ":1-3:7");
        assertThat(GtidSet.parse("")).isSameAs(GtidSet.EMPTY).hasToString("");
        assertThat(GtidSet.parse(A + ":1-9223372036854775806").count()).isEqualTo(Long.MAX_VALUE - 1);
    }

    @Test
    void readsTaggedTransactionsOfLaterServers() {
        GtidSet tagged = GtidSet.parse(A + ":1-5:backup:1-3:7," + B + ":x:2");

        assertThat(tagged).hasToString(A + ":1-5," + A + ":backup:1-3:7," + B + ":x:2");
        assertThat(GtidSet.parse(tagged.toString())).isEqualTo(tagged);
        assertThat(tagged.servers()).containsExactly(A, B);
        assertThat(tagged.containsGtid(A + ":7")).isFalse();
        assertThat(tagged.containsGtid(A + ":backup:7")).isTrue();
    }

    @Test
    void refusesWhatIsNoGtidSet() {
        for (String text :
                new String[] {"x", A, A + ":", A + ":0", A + ":5-3", A + ":1--3", A + ":1-99999999999999999999"}) {
            assertThatThrownBy(() -> GtidSet.parse(text))
                    .as(text)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("is not a GTID set");
        }
        assertThatThrownBy(() -> GtidSet.EMPTY.containsGtid(A + ":1-2")).hasMessageContaining("is not one GTID");
    }

    @Test
    void agreesWithBitSetsOnRandomSets() {
        Random random = new Random(20261122);
        for (int round = 0; round < 3000; round++) {
            BitSet left = randomBits(random);
            BitSet right = randomBits(random);
            GtidSet leftSet = set(left);
            GtidSet rightSet = set(right);

            BitSet union = (BitSet) left.clone();
            union.or(right);
            BitSet intersection = (BitSet) left.clone();
            intersection.and(right);
            BitSet difference = (BitSet) left.clone();
            difference.andNot(right);

            assertThat(leftSet.union(rightSet))
                    .isEqualTo(set(union))
                    .hasToString(set(union).toString());
            assertThat(leftSet.intersect(rightSet)).isEqualTo(set(intersection));
            assertThat(leftSet.subtract(rightSet)).isEqualTo(set(difference));
            assertThat(leftSet.contains(rightSet)).isEqualTo(intersection.equals(right));
            assertThat(leftSet.count()).isEqualTo(left.cardinality());
            assertThat(GtidSet.parse(leftSet.toString())).isEqualTo(leftSet).hasSameHashCodeAs(leftSet);
            int one = random.nextInt(48);
            assertThat(leftSet.containsGtid((one < 24 ? A : B) + ":" + (one % 24 + 1)))
                    .isEqualTo(left.get(one));
        }
    }

    // 48 bits: 24 transactions of each of two servers.
    private static BitSet randomBits(Random random) {
        BitSet bits = new BitSet(48);
        int density = 1 + random.nextInt(6);
        for (int i = 0; i < 48; i++) {
            bits.set(i, random.nextInt(density) == 0 && random.nextInt(8) != 0);
        }
        return bits;
    }

    private static GtidSet set(BitSet bits) {
        StringBuilder text = new StringBuilder();
        bits.stream()
                .forEach(bit -> text.append(text.isEmpty() ? "" : ",")
                        .append(bit < 24 ? A : B)
                        .append(':')
                        .append(bit % 24 + 1));
        return GtidSet.parse(text.toString());
    }
}
