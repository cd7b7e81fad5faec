package dev.cutover.coupon.backoffice;

import java.util.regex.Pattern;

/** Who changes something, as the audit log names them: a person, an application, or a person behind an application, {@code app_7/ann}. */
public record Operator(String name) {
    /** Characters of a name. */
    public static final int LONGEST = 64;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._@-]{1,64}");
    private static final Pattern WHOLE = Pattern.compile("(app_[0-9]{1,15}/)?[A-Za-z0-9._@-]{1,64}");

    /** What is finished after its process died is finished by the service itself. */
    static final Operator SERVICE = new Operator("coupon-service");

    public Operator {
        if (name.length() > LONGEST || !WHOLE.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "'" + name + "' names no operator: 1 to 64 letters, digits, '.', '_', '@' and '-'.");
        }
    }

    public static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }
}
