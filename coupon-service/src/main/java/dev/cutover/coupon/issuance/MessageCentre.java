package dev.cutover.coupon.issuance;

import dev.cutover.core.CutoverException;
import dev.cutover.coupon.id.IssuanceId;
import dev.cutover.coupon.id.TemplateId;
import java.util.List;

/** Whoever tells users that they have a coupon. Safe for many threads. */
public interface MessageCentre {
    /** Where it is, in words for operators. */
    String where();

    /** Whether there is one at all; without one, messages are kept. */
    boolean present();

    /** Hands a message over, at least once; {@link Message#key} tells a repetition. */
    void deliver(Message message);

    /** No message centre. */
    MessageCentre NONE = new MessageCentre() {
        @Override
        public String where() {
            return "none configured, messages are kept";
        }

        @Override
        public boolean present() {
            return false;
        }

        @Override
        public void deliver(Message message) {
            throw new AwayException("There is no message centre", null);
        }
    };

    /**
     * Users who have a coupon of one issuance.
     *
     * @param key the same for each repetition of this message, and of no other
     */
    record Message(String key, IssuanceId issuance, TemplateId template, List<Long> users) {
        public Message {
            users = List.copyOf(users);
        }
    }

    /** The message was not taken, or nobody knows; it is delivered again. */
    final class AwayException extends CutoverException {
        private static final long serialVersionUID = 1L;

        public AwayException(String what, @org.jspecify.annotations.Nullable Throwable cause) {
            super(what + "; the message is delivered again", cause);
        }
    }
}
