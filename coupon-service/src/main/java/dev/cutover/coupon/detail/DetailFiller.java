package dev.cutover.coupon.detail;

import dev.cutover.core.CutoverException;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.template.Offering;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** Puts details into Redis as MySQL has them now, whoever has read them before. Safe for many threads. */
public final class DetailFiller {
    private final Map<Integer, RedisDetails> byKind;
    private final Offerings offerings;
    private final TemplateVersions versions;

    /** Redis was away, and some of the details may have been put and others not. */
    public static final class AwayException extends CutoverException {
        private static final long serialVersionUID = 1L;

        AwayException() {
            super("Redis is away");
        }
    }

    /** @param byKind where the details of each kind of coupons live */
    public DetailFiller(Map<Integer, RedisDetails> byKind, Offerings offerings, TemplateVersions versions) {
        this.byKind = Map.copyOf(byKind);
        this.offerings = offerings;
        this.versions = versions;
    }

    /** Whether all of it can be reached, as far as is known. */
    public boolean available() {
        return byKind.values().stream().allMatch(RedisDetails::available);
    }

    /** Puts these; the versions of their templates, without those that are not there. */
    public Map<TemplateId, Integer> fill(long epoch, Collection<DetailKey> keys) {
        Map<TemplateId, Offering> read = offerings.atLeast(
                epoch,
                offerings.versions(
                        keys.stream().map(DetailKey::template).distinct().toList()));
        Map<Integer, Map<DetailKey, Detail>> details = new HashMap<>();
        Map<TemplateId, Integer> told = new HashMap<>();
        for (DetailKey key : keys) {
            Offering offering = read.get(key.template());
            if (offering != null) {
                details.computeIfAbsent(kind(offering), kind -> new HashMap<>())
                        .put(key, Offerings.detail(offering, key));
                told.put(key.template(), offering.version());
            }
        }
        details.forEach((kind, some) -> put(epoch, kind, some));
        told.forEach((template, version) -> versions.learn(epoch, template, version));
        return told;
    }

    private void put(long epoch, int kind, Map<DetailKey, Detail> details) {
        RedisDetails redis = byKind.get(kind);
        if (redis == null || redis.put(epoch, details).isEmpty()) {
            throw new AwayException();
        }
    }

    private static int kind(Offering offering) {
        return offering.sheet().template().discount().kind();
    }
}
