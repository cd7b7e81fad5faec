package dev.cutover.coupon.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CodeCipherTest {
    private static final CodeCipher CIPHER = cipher(1);
    private static final int CODES = 20_000;
    // 31 degrees of freedom: one in ten thousand random samples is above.
    private static final double MOST_CHI_SQUARE = 69;

    private static CodeCipher cipher(int seed) {
        byte[] secret = new byte[32];
        Arrays.fill(secret, (byte) seed);
        return CodeKeys.of(Map.of("k", secret)).cipher("k");
    }

    @Test
    void numbersGiveDistinctCodesOfEachLength() {
        for (int length = CodeCipher.SHORTEST; length <= CodeCipher.LONGEST; length++) {
            Set<String> codes = new HashSet<>();
            for (long serial = 0; serial < 2_000; serial++) {
                String code = CIPHER.code(serial, length);
                assertThat(code).hasSize(length);
                codes.add(code);
            }
            assertThat(codes).hasSize(2_000);
        }
    }

    @Test
    void aCodeIsRecognisedAsPeopleTypeItAndNothingElseIs() {
        String code = CIPHER.code(4711, 12);
        String typed = " " + code.substring(0, 4).toLowerCase(java.util.Locale.ROOT) + "-" + code.substring(4, 8) + " "
                + code.substring(8);
        assertThat(CIPHER.recognised(CodeCipher.normalised(typed)))
                .hasValueSatisfying(hash -> assertThat(hash).isEqualTo(CIPHER.hash(code)));
        assertThat(cipher(2).recognised(code)).isEmpty();
        assertThat(CIPHER.recognised("")).isEmpty();
        assertThat(CIPHER.recognised(code.substring(1))).isEmpty();
        assertThat(CIPHER.recognised(code.replace(code.charAt(0), '0'))).isEmpty();
    }

    @Test
    void ofGuessesAlmostNoneReachesADatabase() {
        int recognised = 0;
        for (int guess = 0; guess < 100_000; guess++) {
            // Another key makes texts of the right form.
            Optional<byte[]> hash = CIPHER.recognised(cipherOfGuesses.code(guess, 12));
            recognised += hash.isPresent() ? 1 : 0;
        }
        // Three are expected.
        assertThat(recognised).isLessThan(20);
    }

    private final CodeCipher cipherOfGuesses = cipher(3);

    @Test
    void noSymbolOfAnyPlaceIsMoreLikelyThanAnother() {
        int[][] seen = new int[12][32];
        int[] sameAsBefore = new int[12];
        String before = CIPHER.code(0, 12);
        for (int serial = 1; serial <= CODES; serial++) {
            String code = CIPHER.code(serial, 12);
            for (int place = 0; place < 12; place++) {
                seen[place][CodeCipher.ALPHABET.indexOf(code.charAt(place))]++;
                sameAsBefore[place] += code.charAt(place) == before.charAt(place) ? 1 : 0;
            }
            before = code;
        }
        double expected = CODES / 32.0;
        for (int place = 0; place < 12; place++) {
            double chiSquare = 0;
            for (int count : seen[place]) {
                chiSquare += (count - expected) * (count - expected) / expected;
            }
            assertThat(chiSquare).as("place " + place).isLessThan(MOST_CHI_SQUARE);
            // The one before tells nothing of the next: six standard deviations.
            assertThat(sameAsBefore[place]).as("place " + place).isBetween((int) expected - 150, (int) expected + 150);
        }
    }

    @Test
    void keysThatAreNotThereOrTooShortAreRefusedAndNeverShown() {
        assertThatThrownBy(() -> CodeKeys.NONE.current()).isInstanceOf(CodeKeys.MissingException.class);
        assertThatThrownBy(() -> CodeKeys.of(Map.of("short", new byte[16])))
                .hasMessageContaining("short")
                .hasMessageContaining("32 bytes");
        assertThat(CodeKeys.of(Map.of("k", new byte[32]))).hasToString("CodeKeys[k]");
    }
}
