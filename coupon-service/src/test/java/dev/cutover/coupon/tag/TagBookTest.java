package dev.cutover.coupon.tag;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TagBookTest {
    @TempDir
    Path directory;

    private TagBook read(String text) throws IOException {
        return TagBook.read(Files.writeString(directory.resolve("tags.json"), text));
    }

    @Test
    void aFileNamesItsTags() throws IOException {
        TagBook book = read("{\"service\": \"http://tags/v1\", \"tags\": [{\"name\": \"vip\", \"source\": \"store\","
                + " \"max_age_seconds\": 60, \"unknown\": \"deny\"}, {\"name\": \"region\", \"source\": \"service\","
                + " \"consent\": true, \"unknown\": \"allow\"}]}");
        assertThat(book.deadline()).isEqualTo(Duration.ofMillis(100));
        assertThat(book.tags().get("vip"))
                .isEqualTo(
                        new Tag("vip", Tag.Source.STORE, false, Tag.Policy.DENY, Optional.of(Duration.ofSeconds(60))));
        assertThat(book.tags().get("region"))
                .isEqualTo(new Tag("region", Tag.Source.SERVICE, true, Tag.Policy.ALLOW, Optional.empty()));
        assertThat(book.problem("vip AND region=east")).isEmpty();
        assertThat(book.problem("vip AND regoin=east"))
                .hasValue("At character 9: there is no tag 'regoin', known are [region, vip].");
    }

    @Test
    void everythingThatIsWrongIsToldAtOnce() {
        assertThatThrownBy(() ->
                        read("{\"deadline_ms\": 5000, \"tag\": 1, \"tags\": [{\"name\": \"or\", \"source\": \"sky\","
                                + " \"unknown\": \"deny\"}, {\"name\": \"new\", \"source\": \"service\"},"
                                + " {\"name\": \"vip\", \"source\": \"store\", \"unknown\": \"deny\"}]}"))
                .isInstanceOf(TagBook.BrokenException.class)
                .hasMessageContainingAll(
                        "'tag', which is not known",
                        "'deadline_ms' is not 10 to 1000",
                        "the tag 'or' has no name",
                        "the tag 'or' has no 'source' of [context, service, store]",
                        "the tag 'new' has no 'unknown' of [deny, allow]",
                        "the tag 'new' is of a service, and 'service' does not say where it is",
                        "the tag 'vip' has 'max_age_seconds' exactly if it is of the store");
        assertThatThrownBy(() -> read("{")).hasMessageContaining("it is not JSON");
    }
}
