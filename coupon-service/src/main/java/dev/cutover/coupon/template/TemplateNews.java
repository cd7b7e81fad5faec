package dev.cutover.coupon.template;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.redis.RedisDoor;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells other instances that a template has changed, so that they look at once and not at their next turn.
 *
 * <p>Idea: a message says <em>look again</em> and nothing of what is to be seen, so one that is late, doubled, forged or lost changes nothing but
 * when somebody looks. What must be seen is seen without it, within seconds: a catalog keeps nothing longer, versions are read again.
 *
 * <p>Safe for many threads.
 */
public final class TemplateNews {
    private static final Logger LOG = LoggerFactory.getLogger(TemplateNews.class);
    private static final String CHANNEL = "coupon:templates";

    private final RedisDoor redis;

    // Guarded by itself.
    private final Set<TemplateId> heard = new HashSet<>();

    public TemplateNews(RedisDoor redis) {
        this.redis = redis;
    }

    /** Tells whoever listens, this instance as well. */
    public void tell(TemplateId changed) {
        redis.publish(CHANNEL, changed.toString());
    }

    /**
     * Has {@code look} hear of changes, several at a time when they come faster than it is done.
     *
     * @param threads where it looks; refuses when it is shut down, and then nobody needs to look any more
     */
    public void listen(Executor threads, Consumer<Collection<TemplateId>> look) {
        redis.listen(
                CHANNEL,
                message -> TemplateId.parse(message)
                        .ifPresentOrElse(
                                changed -> {
                                    if (firstOf(changed)) {
                                        threads.execute(() -> look.accept(taken()));
                                    }
                                },
                                () -> LOG.warn("Somebody said on channel {} what names no template", CHANNEL)));
    }

    private boolean firstOf(TemplateId changed) {
        synchronized (heard) {
            boolean first = heard.isEmpty();
            heard.add(changed);
            return first;
        }
    }

    private List<TemplateId> taken() {
        synchronized (heard) {
            List<TemplateId> all = List.copyOf(heard);
            heard.clear();
            return all;
        }
    }
}
