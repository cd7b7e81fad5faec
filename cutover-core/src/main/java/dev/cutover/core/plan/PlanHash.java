package dev.cutover.core.plan;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** SHA-256 over what a plan means: values and defaults count, passwords, comments and layout do not. */
final class PlanHash {
    private PlanHash() {}

    static String of(MigrationPlan plan) {
        StringBuilder canonical = new StringBuilder();
        append(canonical, plan);
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256")
                    .digest(canonical.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java has SHA-256.", e);
        }
    }

    private static void append(StringBuilder canonical, @Nullable Object value) {
        if (value instanceof Secret) {
            canonical.append('*');
        } else if (value instanceof Record record) {
            canonical.append('(');
            for (RecordComponent component : record.getClass().getRecordComponents()) {
                if (counts(record, component.getName())) {
                    canonical.append(component.getName()).append('=');
                    append(canonical, read(record, component));
                }
            }
            canonical.append(')');
        } else if (value instanceof List<?> list) {
            canonical.append('[');
            list.forEach(item -> append(canonical, item));
            canonical.append(']');
        } else if (value instanceof Map<?, ?> map) {
            canonical.append('{');
            map.forEach((key, item) -> {
                append(canonical, key);
                append(canonical, item);
            });
            canonical.append('}');
        } else {
            // The length in front keeps neighbours apart without escapes.
            String text = String.valueOf(value);
            canonical.append(value == null ? -1 : text.length()).append(':').append(text);
        }
    }

    // Who may see a value, and how often somebody looks, says nothing about how rows move.
    private static boolean counts(Record record, String component) {
        return !(record instanceof MigrationPlan && component.equals("hash"))
                && !(record instanceof VerifyPlan && (component.equals("masked") || component.equals("continuous")));
    }

    private static @Nullable Object read(Record record, RecordComponent component) {
        try {
            return component.getAccessor().invoke(record);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("The component " + component + " of the plan cannot be read.", e);
        }
    }
}
