package dev.cutover.coupon.code;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.claim.Circumstances;
import dev.cutover.coupon.claim.Claims;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.operation.Channel;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.sql.MySqlErrors;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.store.CouponDatabases;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The codes of the mall, exchanged as the mall did: code, coupon and counters in one transaction of its one database.
 *
 * <p>The table is in no plan, so the codes stay there. Behind the switch a code that nobody has exchanged is moved when somebody first names
 * it: marked there by compare-and-set, then written here, which whoever comes next does if the first one died. From its mark on the mall
 * does not know it, also after a rollback. Safe for many threads.
 */
final class MallCodes {
    private static final Logger LOG = LoggerFactory.getLogger(MallCodes.class);
    private static final DateTimeFormatter SECONDS = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT);
    // Mainland China, without summer time since 1991; what the mall writes everywhere.
    private static final ZoneOffset MALL = ZoneOffset.ofHours(8);
    private static final int MOVED = 3;
    /** A test leaves out that nobody has exchanged a code that is moved, to see itself fail. */
    static final String MOVES_ANY = "code.movesAny";

    private final Topology topology;
    private final CouponDatabases databases;
    private final Claims claims;
    private final Duration budget;
    private final Failpoints failpoints;

    MallCodes(Topology topology, CouponDatabases databases, Claims claims, Duration budget, Failpoints failpoints) {
        this.topology = topology;
        this.failpoints = failpoints;
        this.databases = databases;
        this.claims = claims;
        this.budget = budget;
    }

    /** @param user who has exchanged it, 0 for nobody */
    private record Row(TemplateId template, int status, long user) {}

    /** The template of a code that can still be exchanged; empty for one that is none or was exchanged. */
    Optional<TemplateId> template(String typed) {
        return row(typed).filter(row -> row.status() == 0).map(Row::template);
    }

    /** The template of a code, exchanged or not. */
    Optional<TemplateId> templateOfAny(String typed) {
        return row(typed).map(Row::template);
    }

    private Optional<Row> row(String typed) {
        Optional<String> text = CodeImports.normalised(typed);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        // Whoever the fence is held for: the table has no slots.
        return databases.readFresh(1, budget, (store, view) -> {
            if (view.side() != Side.OLD) {
                throw new EpochMovedException("the mall", "the truth on NEW");
            }
            return row(view.connection(), text.get());
        });
    }

    private static Optional<Row> row(Connection old, String text) throws SQLException {
        return Sql.first(
                old,
                row -> new Row(new TemplateId(row.getLong(1)), row.getInt(2), row.getLong(3)),
                "SELECT coupon_id, COALESCE(status, 0), COALESCE(user_id, 0) FROM mall_coupon_code WHERE code = ?",
                text);
    }

    /** The template of a code that nobody has exchanged in the mall, asked behind the switch. */
    Optional<TemplateId> leftBehind(String typed) {
        return behind(
                typed,
                (old, text) -> row(old, text)
                        .filter(row -> row.status() == 0 || row.status() == MOVED)
                        .map(Row::template));
    }

    /** The same, and from now on the mall does not know the code; whoever asks has to write it here. */
    Optional<TemplateId> move(String typed) {
        boolean any = failpoints.planted(MOVES_ANY);
        return behind(typed, (old, text) -> {
            // Most texts that come here are guesses: they are not worth a lock and a line of the binlog.
            Optional<Row> row = row(old, text);
            if (row.isPresent() && (row.get().status() == 0 || any)) {
                String nobodys = any ? "" : " AND COALESCE(status, 0) = 0";
                Sql.update(old, "UPDATE mall_coupon_code SET status = ? WHERE code = ?" + nobodys, MOVED, text);
                row = row(old, text);
            }
            return row.filter(found -> found.status() == MOVED).map(Row::template);
        });
    }

    @FunctionalInterface
    private interface Question {
        Optional<TemplateId> ask(Connection old, String text) throws SQLException;
    }

    /** The table is behind no fence: what is not migrated, nobody else writes. */
    private Optional<TemplateId> behind(String typed, Question question) {
        Optional<String> text = CodeImports.normalised(typed);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try (Connection old = topology.database(DatabaseId.OLD).getConnection()) {
            return question.ask(old, text.get());
        } catch (SQLException e) {
            if (MySqlErrors.noSuchTable(e)) {
                return Optional.empty();
            }
            throw new DatabaseTroubleException("Looking for a code of the mall", e);
        } catch (UnreachableException e) {
            if (databases.frozen()) {
                throw e;
            }
            LOG.debug("The migration is over and the mall's database is away: its codes are none", e);
            return Optional.empty();
        }
    }

    /** Exchanges a code; empty for one that is none, or another user's. */
    Optional<Answer> redeem(long user, String typed, String key, Channel via, Refusal alreadyUsed) {
        Optional<Row> row = row(typed);
        if (row.isEmpty() || (row.get().status() != 0 && row.get().user() != user)) {
            return Optional.empty();
        }
        String text = typed.strip();
        return Optional.of(claims.claimByCode(
                operation(user, typed, key, via),
                row.get().template(),
                key,
                (unit, now) -> {
                    if (unit.side() != Side.OLD) {
                        throw new EpochMovedException("the mall", "the truth on NEW");
                    }
                    int exchanged = Sql.update(
                            unit.connection(),
                            "UPDATE mall_coupon_code SET status = 1, user_id = ?, exchange_time = ? WHERE code = ?"
                                    + " AND COALESCE(status, 0) = 0",
                            user,
                            wallClock(now),
                            text);
                    if (exchanged == 0) {
                        throw alreadyUsed;
                    }
                },
                Circumstances.NONE));
    }

    /** What a user asks for who names a code of the mall under a key; the mall writes down no channel, but it is a part of the request. */
    static Operation operation(long user, String typed, String key, Channel via) {
        return Codes.operation(user, key, typed.strip().toUpperCase(Locale.ROOT), via);
    }

    private static String wallClock(long now) {
        return SECONDS.format(LocalDateTime.ofInstant(Instant.ofEpochMilli(now), MALL));
    }
}
