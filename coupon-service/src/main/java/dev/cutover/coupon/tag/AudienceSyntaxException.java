package dev.cutover.coupon.tag;

/** An audience that cannot be read; the message is a sentence that says where and what was expected. */
public final class AudienceSyntaxException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param position of the character, from 0 */
    AudienceSyntaxException(int position, String what) {
        super("At character " + (position + 1) + ": " + what + ".", null, false, false);
    }
}
