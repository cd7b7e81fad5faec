package dev.cutover.coupon.code;

import dev.cutover.core.topology.Side;
import dev.cutover.coupon.claim.Circumstances;
import dev.cutover.coupon.claim.Claims;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.store.CouponDatabases;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;

/**
 * The codes of the mall, exchanged as the mall did: code, coupon and counters in one transaction of its one database. They stay there:
 * the table is in no plan, so behind the switch nobody knows them. Safe for many threads.
 */
final class MallCodes {
    private static final DateTimeFormatter SECONDS = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT);
    // Mainland China, without summer time since 1991; what the mall writes everywhere.
    private static final ZoneOffset MALL = ZoneOffset.ofHours(8);
    private static final int LONGEST = 32;

    private final CouponDatabases databases;
    private final Claims claims;
    private final Duration budget;

    MallCodes(CouponDatabases databases, Claims claims, Duration budget) {
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
        String text = typed.strip();
        if (text.isEmpty() || text.length() > LONGEST || !text.chars().allMatch(c -> c > ' ' && c < 127)) {
            return Optional.empty();
        }
        // Whoever the fence is held for: the table has no slots.
        return databases.readFresh(1, budget, (store, view) -> {
            if (view.side() != Side.OLD) {
                throw new EpochMovedException("the mall", "the truth on NEW");
            }
            return Sql.first(
                    view.connection(),
                    row -> new Row(new TemplateId(row.getLong(1)), row.getInt(2), row.getLong(3)),
                    "SELECT coupon_id, COALESCE(status, 0), COALESCE(user_id, 0) FROM mall_coupon_code WHERE code = ?",
                    text);
        });
    }

    /** Exchanges a code; empty for one that is none, or another user's. */
    Optional<Answer> redeem(long user, String typed, String key, Refusal alreadyUsed) {
        Optional<Row> row = row(typed);
        if (row.isEmpty() || (row.get().status() != 0 && row.get().user() != user)) {
            return Optional.empty();
        }
        String text = typed.strip();
        Operation operation = Operation.of(user, Codes.VERB, key, text.toUpperCase(Locale.ROOT));
        return Optional.of(claims.claimByCode(
                operation,
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

    private static String wallClock(long now) {
        return SECONDS.format(LocalDateTime.ofInstant(Instant.ofEpochMilli(now), MALL));
    }
}
