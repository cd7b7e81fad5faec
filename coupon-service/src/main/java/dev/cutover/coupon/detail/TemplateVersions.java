package dev.cutover.coupon.detail;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How new a detail must be: the version of each template that anybody has asked for lately, read again every {@link #PACE}.
 *
 * <p>Idea: nobody has to be told which of a million keys a change has made stale, and no message that got lost leaves one stale: what is
 * older than the version known here is not used, wherever it comes from. So a change is seen by every instance within the pace, and in a
 * moment by those that are told to look. While MySQL is away the versions known stay: what is shown then is as old as MySQL is away.
 *
 * <p>Safe for many threads.
 */
public final class TemplateVersions {
    /** How often versions are read again, and so how late a change may be seen. */
    public static final Duration PACE = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(TemplateVersions.class);
    private static final Duration KEPT = Duration.ofMinutes(10);
    private static final long MOST = 20_000;
    private static final int NONE = -1;

    private final Offerings offerings;
    private final Cache<Key, Integer> known;

    private record Key(long epoch, TemplateId template) {}

    /** Whoever reads it again every second does not keep it: only who asks for it does. */
    private static final class SinceAsked implements Expiry<Key, Integer> {
        @Override
        public long expireAfterCreate(Key key, Integer version, long now) {
            return KEPT.toNanos();
        }

        @Override
        public long expireAfterUpdate(Key key, Integer version, long now, long left) {
            return left;
        }

        @Override
        public long expireAfterRead(Key key, Integer version, long now, long left) {
            return KEPT.toNanos();
        }
    }

    public TemplateVersions(Offerings offerings, Ticker ticker) {
        this.offerings = offerings;
        this.known = Caffeine.newBuilder()
                .expireAfter(new SinceAsked())
                .maximumSize(MOST)
                .ticker(ticker)
                .build();
    }

    /** The versions of those templates that there are; those nobody has asked for lately are read, together. */
    Map<TemplateId, Integer> of(long epoch, Collection<TemplateId> templates) {
        Map<TemplateId, Integer> versions = new HashMap<>();
        List<TemplateId> unknown = new ArrayList<>();
        for (TemplateId template : templates) {
            Integer version = known.getIfPresent(new Key(epoch, template));
            if (version == null) {
                unknown.add(template);
            } else if (version != NONE) {
                versions.put(template, version);
            }
        }
        if (!unknown.isEmpty()) {
            Map<TemplateId, Integer> read = offerings.versions(unknown);
            unknown.forEach(template -> learn(epoch, template, read.getOrDefault(template, NONE)));
            versions.putAll(read);
        }
        return versions;
    }

    /** Somebody has seen this version: nobody here goes back behind it. */
    public void learn(long epoch, TemplateId template, int version) {
        known.asMap().merge(new Key(epoch, template), version, Math::max);
    }

    /** Reads all of them again; never throws, for a scheduled task that throws is not run again. */
    public void tick(long epoch) {
        readAgain(
                epoch,
                known.asMap().keySet().stream()
                        .filter(key -> key.epoch() == epoch)
                        .map(Key::template)
                        .toList());
    }

    /** Reads those of these again that anybody has asked for lately, because they are said to have changed; never throws. */
    public void look(long epoch, Collection<TemplateId> changed) {
        readAgain(
                epoch,
                changed.stream()
                        .filter(template -> known.asMap().containsKey(new Key(epoch, template)))
                        .toList());
    }

    private void readAgain(long epoch, List<TemplateId> asked) {
        try {
            // A template is never deleted, so one that is not there has not been made yet.
            offerings.versions(asked).forEach((template, version) -> refresh(epoch, template, version));
        } catch (DatabaseTroubleException e) {
            LOG.warn(
                    "The versions of {} templates could not be read, those known stay: {}", asked.size(), e.toString());
        }
    }

    /** Unlike {@link #learn} does not keep what nobody asks for any more. */
    private void refresh(long epoch, TemplateId template, int version) {
        known.asMap().computeIfPresent(new Key(epoch, template), (key, before) -> Math.max(before, version));
    }
}
