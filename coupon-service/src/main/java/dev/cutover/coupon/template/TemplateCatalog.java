package dev.cutover.coupon.template;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Templates kept for two seconds, also those that do not exist.
 *
 * <p>The epoch and the side are part of the key, so a switch, or a switch back, starts with an empty cache. Many readers of one template
 * that is not there cause one read. Safe for many threads.
 */
public final class TemplateCatalog {
    private static final Logger LOG = LoggerFactory.getLogger(TemplateCatalog.class);
    private static final Duration KEPT = Duration.ofSeconds(2);
    private static final long MOST_TEMPLATES = 10_000;

    private final Topology topology;
    private final Supplier<Truth> truth;
    private final Consumer<TemplateId> tellOthers;
    private final Cache<Key, Optional<TemplateSheet>> templates;

    /** Where the truth is, and since which epoch. */
    public record Truth(Side side, Epoch epoch) {}

    private record Key(Truth truth, TemplateId template) {}

    /** @param tellOthers hears which template this instance has changed, behind the commit */
    public TemplateCatalog(Topology topology, Supplier<Truth> truth, Ticker ticker, Consumer<TemplateId> tellOthers) {
        this.topology = topology;
        this.truth = truth;
        this.tellOthers = tellOthers;
        this.templates = Caffeine.newBuilder()
                .expireAfterWrite(KEPT)
                .maximumSize(MOST_TEMPLATES)
                .ticker(ticker)
                .build();
    }

    /** The template as the side that holds the truth tells it; refuses when there is none. */
    public TemplateSheet require(TemplateId id, String param) {
        Truth now = truth.get();
        return sheet(now.side(), now.epoch(), id).orElseThrow(() -> Template.notFound(id, param));
    }

    /** The template as the side that holds the truth tells it. */
    public Optional<Template> find(TemplateId id) {
        Truth now = truth.get();
        return find(now.side(), now.epoch(), id);
    }

    /** The template as the old side tells it. */
    public Optional<Template> findOnOld(TemplateId id) {
        return find(Side.OLD, truth.get().epoch(), id);
    }

    /** The template as the new side tells it. */
    public Optional<Template> findOnNew(TemplateId id) {
        return find(Side.NEW, truth.get().epoch(), id);
    }

    /**
     * The template of a coupon that was issued, as the new side tells it. One that was seen as a draft, or not at all, has been published
     * since, with what nobody can change any more, whether it has a budget among it; so it is read again.
     */
    public Optional<Template> findIssuedOnNew(TemplateId id) {
        Epoch epoch = truth.get().epoch();
        Optional<Template> found = find(Side.NEW, epoch, id);
        if (found.isPresent() && found.get().state() != TemplateState.DRAFT) {
            return found;
        }
        templates.invalidate(new Key(new Truth(Side.NEW, epoch), id));
        return find(Side.NEW, epoch, id);
    }

    /** Whether a user may have only so many of it; also true when that cannot be learned now. Never throws. */
    public boolean mayLimitUsers(TemplateId id) {
        Truth now = truth.get();
        try {
            return find(now.side(), now.epoch(), id)
                    .map(template -> template.perUserLimit() != null)
                    .orElse(true);
        } catch (DatabaseTroubleException e) {
            LOG.debug("Whether template {} has a limit a user is not known", id, e);
            return true;
        }
    }

    /** Has the next reader of this instance read it again; other instances do when they are told, and within two seconds in any case. */
    public void changed(TemplateId id) {
        forget(id);
        tellOthers.accept(id);
    }

    /** Has the next reader of this instance read it again. */
    public void forget(TemplateId id) {
        templates.invalidate(new Key(truth.get(), id));
    }

    private Optional<Template> find(Side side, Epoch epoch, TemplateId id) {
        return sheet(side, epoch, id).map(TemplateSheet::template);
    }

    private Optional<TemplateSheet> sheet(Side side, Epoch epoch, TemplateId id) {
        return templates.get(new Key(new Truth(side, epoch), id), this::load);
    }

    private Optional<TemplateSheet> load(Key key) {
        boolean old = key.truth().side() == Side.OLD;
        DatabaseId database = old ? DatabaseId.OLD : DatabaseId.META;
        try (Connection connection = topology.database(database).getConnection()) {
            return old
                    ? LegacyTemplates.sheet(connection, key.template())
                    : ShardedTemplates.sheet(connection, key.template());
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("Reading template " + key.template() + " from " + database, e);
        }
    }
}
