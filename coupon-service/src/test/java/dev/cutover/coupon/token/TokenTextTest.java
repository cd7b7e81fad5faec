package dev.cutover.coupon.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.coupon.id.TokenId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TokenTextTest {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final TokenSecrets SECRETS = secrets((byte) 1);

    private static TokenSecrets secrets(byte... keys) {
        return TokenSecrets.of(
                java.util.stream.IntStream.range(0, keys.length)
                        .mapToObj(i -> {
                            byte[] key = new byte[32];
                            Arrays.fill(key, keys[i]);
                            return key;
                        })
                        .toList(),
                Optional.empty());
    }

    @Test
    void aTokenIsReadBackAndHashesToTheSame() {
        TokenText made = TokenText.make(new TokenId(987654321), SECRETS, RANDOM);
        TokenText read = TokenText.parse(made.secret(), SECRETS).orElseThrow();
        assertThat(read.id()).isEqualTo(new TokenId(987654321));
        assertThat(read.hash(SECRETS)).isEqualTo(made.hash(SECRETS)).hasSize(32);
        assertThat(made.toString()).isEqualTo("tok_987654321");
    }

    @Test
    void noCharacterCanBeAnother() {
        String secret = TokenText.make(new TokenId(12), SECRETS, RANDOM).secret();
        String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=. ~";
        for (int at = 0; at < secret.length(); at++) {
            for (char other : alphabet.toCharArray()) {
                if (secret.charAt(at) != other) {
                    String tampered = secret.substring(0, at) + other + secret.substring(at + 1);
                    assertThat(TokenText.parse(tampered, SECRETS)).as(tampered).isEmpty();
                }
            }
            String without = secret.substring(0, at) + secret.substring(at + 1);
            assertThat(TokenText.parse(without, SECRETS)).as(without).isEmpty();
        }
        assertThat(TokenText.parse(secret + "A", SECRETS)).isEmpty();
        assertThat(TokenText.parse("", SECRETS)).isEmpty();
    }

    @Test
    void anOldKeyStillKnowsItsTokensAndAForeignKeyKnowsNone() {
        TokenText made = TokenText.make(new TokenId(5), SECRETS, RANDOM);
        TokenSecrets turned = secrets((byte) 2, (byte) 1);
        assertThat(TokenText.parse(made.secret(), turned).orElseThrow().hash(turned))
                .isEqualTo(made.hash(SECRETS));
        assertThat(TokenText.parse(made.secret(), secrets((byte) 3))).isEmpty();
    }

    @Test
    void aFileOfSecretsIsReadAndNeverShown(@TempDir Path folder) throws IOException {
        String key = Base64.getEncoder().encodeToString(new byte[32]);
        String admin = "0123456789abcdef0123456789abcdef";
        Path file = folder.resolve("tokens");
        Files.writeString(file, "# ours\nkey " + key + "\nadmin " + admin + "\n");
        TokenSecrets secrets = TokenSecrets.read(file);
        assertThat(secrets.isAdmin(admin)).isTrue();
        assertThat(secrets.isAdmin(admin + "0")).isFalse();
        assertThat(secrets.toString()).doesNotContain(key, admin);
        for (String wrong :
                List.of("", "key AAAA\n", "admin " + admin + "\n", "key " + key + "\nadmin short\n", "x\n")) {
            Files.writeString(file, wrong);
            assertThatThrownBy(() -> TokenSecrets.read(file))
                    .isInstanceOf(TokenSecrets.UnreadableException.class)
                    .hasMessageContaining("COUPON_TOKENS")
                    .hasMessageNotContaining(admin);
        }
    }
}
