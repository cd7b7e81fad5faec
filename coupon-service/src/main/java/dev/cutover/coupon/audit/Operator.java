package dev.cutover.coupon.audit;

import java.util.Optional;
import java.util.regex.Pattern;

/** Who changes something, as the audit log names them: a person, an application, or a person behind an application, {@code app_7/ann}. */
public record Operator(String name) {
    /** Characters of a name. */
    public static final int LONGEST = 64;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._@-]{1,64}");
    private static final Pattern WHOLE = Pattern.compile("(app_[0-9]{1,15}/)?[A-Za-z0-9._@-]{1,64}");

    /** What is finished after its process died is finished by the service itself. */
    public static final Operator SERVICE = new Operator("coupon-service");

    public Operator {
        if (!isWhole(name)) {
            throw new IllegalArgumentException(
                    "'" + name + "' names no operator: 1 to 64 letters, digits, '.', '_', '@' and '-'.");
        }
    }

    private static boolean isWhole(String text) {
        return text.length() <= LONGEST && WHOLE.matcher(text).matches();
    }

    /** As the audit log has it. */
    public static Optional<Operator> parse(String text) {
        return isWhole(text) ? Optional.of(new Operator(text)) : Optional.empty();
    }

    public static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }
}
