package dev.cutover.coupon.tag;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.cutover.core.CutoverException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The tags that audiences may ask about, as the operator of the service has written them down. Immutable, safe for many threads.
 *
 * @param service who knows the tags of {@link Tag.Source#SERVICE}
 * @param deadline how long it is waited for
 */
public record TagBook(Map<String, Tag> tags, Optional<URI> service, Duration deadline) {
    /** No tags: no template has an audience. */
    public static final TagBook NONE = new TagBook(Map.of(), Optional.empty(), Duration.ofMillis(100));

    private static final JsonMapper JSON = new JsonMapper();
    private static final int LEAST_MILLIS = 10;
    private static final int MOST_MILLIS = 1_000;
    private static final int MOST_AGE_SECONDS = 100_000_000;
    private static final Set<String> FIELDS = Set.of("service", "deadline_ms", "tags");
    private static final Set<String> TAG_FIELDS = Set.of("name", "source", "unknown", "consent", "max_age_seconds");

    public TagBook {
        tags = Map.copyOf(tags);
    }

    /** The file is not right; the message lists every problem. */
    public static final class BrokenException extends CutoverException {
        private static final long serialVersionUID = 1L;

        BrokenException(Path file, List<String> problems) {
            super("The tags of " + file + " are not right: " + String.join("; ", problems) + ".");
        }
    }

    /**
     * Reads a JSON file: {@code {"service": "http://…", "deadline_ms": 100, "tags": [{"name": "vip", "source": "store",
     * "max_age_seconds": 3600, "unknown": "deny"}]}}.
     */
    public static TagBook read(Path file) {
        List<String> problems = new ArrayList<>();
        try {
            TagBook book = of(JSON.readTree(Files.readString(file, StandardCharsets.UTF_8)), problems);
            if (problems.isEmpty()) {
                return book;
            }
        } catch (JsonProcessingException e) {
            problems.add("it is not JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            problems.add("it cannot be read");
        }
        throw new BrokenException(file, problems);
    }

    private static TagBook of(JsonNode file, List<String> problems) {
        known(file, FIELDS, "", problems);
        String address = file.path("service").asText("");
        if (!address.isEmpty() && !address.matches("https?://[^\\s@]+")) {
            problems.add("'service' is not an address that begins with http:// or https://");
            address = "";
        }
        int millis = file.path("deadline_ms").asInt((int) NONE.deadline().toMillis());
        if (millis < LEAST_MILLIS || millis > MOST_MILLIS) {
            problems.add("'deadline_ms' is not " + LEAST_MILLIS + " to " + MOST_MILLIS);
        }
        Map<String, Tag> tags = new LinkedHashMap<>();
        for (JsonNode node : file.path("tags")) {
            Tag tag = tag(node, problems);
            if (tags.put(tag.name(), tag) != null) {
                problems.add("there are two tags '" + tag.name() + "'");
            }
            if (tag.source() == Tag.Source.SERVICE && address.isEmpty()) {
                problems.add("the tag '" + tag.name() + "' is of a service, and 'service' does not say where it is");
            }
        }
        return new TagBook(
                tags,
                address.isEmpty() ? Optional.empty() : Optional.of(URI.create(address)),
                Duration.ofMillis(millis));
    }

    private static Tag tag(JsonNode node, List<String> problems) {
        String name = node.path("name").asText("");
        String which = "the tag '" + name + "'";
        known(node, TAG_FIELDS, which + " has ", problems);
        if (!AudienceParser.NAME.matcher(name).matches()
                || Set.of("and", "or", "not", "consent").contains(name)) {
            problems.add(which + " has no name of 1 to 32 of a-z, 0-9 and '_' that is no word of an audience");
        }
        Tag.Source source = word(node, "source", Tag.Source.values(), which, problems);
        Tag.Policy unknown = word(node, "unknown", Tag.Policy.values(), which, problems);
        int seconds = node.path("max_age_seconds").asInt(0);
        if ((source == Tag.Source.STORE) != (seconds > 0) || seconds > MOST_AGE_SECONDS) {
            problems.add(which + " has 'max_age_seconds' exactly if it is of the store");
        }
        JsonNode consent = node.path("consent");
        if (!consent.isMissingNode() && !consent.isBoolean()) {
            problems.add(which + " has a 'consent' that is neither true nor false");
        }
        return new Tag(
                name,
                source,
                consent.asBoolean(false),
                unknown,
                seconds > 0 ? Optional.of(Duration.ofSeconds(seconds)) : Optional.empty());
    }

    private static void known(JsonNode node, Set<String> fields, String prefix, List<String> problems) {
        node.fieldNames().forEachRemaining(field -> {
            if (!fields.contains(field)) {
                problems.add(prefix + "'" + field + "', which is not known");
            }
        });
    }

    private static <T extends Enum<T>> T word(
            JsonNode node, String field, T[] words, String which, List<String> problems) {
        String text = node.path(field).asText("");
        for (T one : words) {
            if (one.name().toLowerCase(Locale.ROOT).equals(text)) {
                return one;
            }
        }
        problems.add(which + " has no '" + field + "' of "
                + List.of(words).toString().toLowerCase(Locale.ROOT));
        return words[0];
    }

    /** What is wrong with an audience, as a sentence that says where; empty for nothing. */
    public Optional<String> problem(String audience) {
        try {
            for (Map.Entry<String, Integer> asked :
                    AudienceExpression.parse(audience).tags().entrySet()) {
                if (!tags.containsKey(asked.getKey())) {
                    throw new AudienceSyntaxException(
                            asked.getValue(), "there is no tag '" + asked.getKey() + "', known are " + names());
                }
            }
            return Optional.empty();
        } catch (AudienceSyntaxException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private String names() {
        return tags.isEmpty()
                ? "none"
                : tags.keySet().stream().sorted().toList().toString();
    }
}
