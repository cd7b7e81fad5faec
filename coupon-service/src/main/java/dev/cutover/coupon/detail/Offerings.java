package dev.cutover.coupon.detail;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.pricing.Product;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.sql.Snapshot;
import dev.cutover.coupon.template.Offering;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;

/**
 * Templates with the products they are for, out of MySQL: what every detail is made of.
 *
 * <p>Idea: whatever changes a template or its products gives it its next version in the same transaction. So what was read in one snapshot
 * with version 7 is right for as long as the version is 7, and to ask for versions is all that has to be done again and again. However many
 * ask for a template at once, it is read once.
 *
 * <p>Safe for many threads.
 */
public final class Offerings {
    private static final Duration KEPT = Duration.ofMinutes(10);
    private static final long MOST_PRODUCTS = 1_000_000;
    private static final int MOST_A_READ = 200;

    private final MetaDatabase meta;
    private final AsyncCache<Version, Optional<Offering>> kept;

    /** A template as of this version or a newer one. */
    private record Version(long epoch, TemplateId template, int number) {}

    public Offerings(MetaDatabase meta, Ticker ticker) {
        this.meta = meta;
        this.kept = Caffeine.newBuilder()
                .expireAfterAccess(KEPT)
                .maximumWeight(MOST_PRODUCTS)
                .<Version, Optional<Offering>>weigher((version, offering) ->
                        1 + offering.map(one -> one.products().goods().size()).orElse(0))
                .ticker(ticker)
                // Whoever asks first reads, on its own thread: the room has none.
                .executor(Runnable::run)
                .buildAsync();
    }

    /** The versions of those templates that there are, as they are now. */
    public Map<TemplateId, Integer> versions(Collection<TemplateId> ids) {
        Map<TemplateId, Integer> versions = new HashMap<>();
        inParts(ids, part -> versions.putAll(meta.read(connection -> Offering.versions(connection, part))));
        return versions;
    }

    /** Those templates, each as of that version or a newer one; without those that are gone. */
    public Map<TemplateId, Offering> atLeast(long epoch, Map<TemplateId, Integer> versions) {
        List<Version> wanted = new ArrayList<>();
        versions.forEach((id, version) -> wanted.add(new Version(epoch, id, version)));
        Map<TemplateId, Offering> offerings = new HashMap<>();
        try {
            kept.getAll(wanted, this::read)
                    .join()
                    .forEach((version, found) -> found.ifPresent(one -> offerings.put(version.template(), one)));
        } catch (CompletionException e) {
            if (e.getCause() instanceof DatabaseTroubleException trouble) {
                throw trouble;
            }
            throw e;
        }
        return offerings;
    }

    /** What there is to be known of a product's coupon in a store: nothing on offer where the template is not, or is for other products. */
    static Detail detail(Offering offering, DetailKey key) {
        // The lists have ids and serial numbers side by side; a key has whichever the caller uses.
        return offering.isFor(new Product(key.product(), key.product(), key.category()))
                ? new Detail(offering.version(), Detail.Offer.of(offering.sheet()))
                : Detail.none(offering.version());
    }

    private Map<Version, Optional<Offering>> read(Set<? extends Version> wanted) {
        Map<TemplateId, Offering> found = new HashMap<>();
        inParts(
                wanted.stream().map(Version::template).distinct().toList(),
                part -> found.putAll(
                        meta.read(connection -> Snapshot.of(connection, () -> Offering.read(connection, part)))));
        Map<Version, Optional<Offering>> answer = new HashMap<>();
        wanted.forEach(version -> answer.put(version, Optional.ofNullable(found.get(version.template()))));
        return answer;
    }

    @FunctionalInterface
    private interface Part {
        void run(List<TemplateId> ids);
    }

    private static void inParts(Collection<TemplateId> ids, Part work) {
        List<TemplateId> all = List.copyOf(ids);
        for (int from = 0; from < all.size(); from += MOST_A_READ) {
            work.run(all.subList(from, Math.min(all.size(), from + MOST_A_READ)));
        }
    }
}
