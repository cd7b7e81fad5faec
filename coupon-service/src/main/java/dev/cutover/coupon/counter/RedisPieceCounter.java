package dev.cutover.coupon.counter;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.redis.RedisDoor;
import dev.cutover.coupon.stock.Pieces;
import dev.cutover.coupon.stock.StockLots;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The counters {@code stock:{template:database}} in Redis: a lot, the next of its numbers, and where they end.
 *
 * <p>A lot's number is the counter's epoch: one that was published late, behind a newer one, is refused by the script. Of those who find
 * a counter used up one in a while is told to ask for another lot. Nothing is ever given back here: a number that was not issued is
 * found when its lot is closed, and counted once.
 *
 * <p>Safe for many threads.
 */
public final class RedisPieceCounter implements PieceCounter {
    private static final int MOST_DEMANDS = 1_000;
    // Opening a lot takes milliseconds; who was told to and died is followed by another.
    private static final Duration ASKED = Duration.ofSeconds(1);
    // A counter nobody asks for goes, and another lot is opened when somebody does.
    private static final Duration KEPT = Duration.ofDays(1);
    private static final int NUMBERS = 2;

    private static final String TAKE = """
            local at = redis.call('hmget', KEYS[1], 'lot', 'next', 'end')
            if at[1] and at[2] and at[3] and at[2] + ARGV[1] <= at[3] + 0 then
              redis.call('hincrby', KEYS[1], 'next', ARGV[1])
              return {at[1], at[2]}
            end
            if redis.call('set', KEYS[2], '1', 'NX', 'PX', ARGV[2]) then return {at[1] or '0'} end
            return {}""";
    private static final String PUBLISH = """
            local at = (redis.call('hget', KEYS[1], 'lot') or 0) + 0
            if at >= ARGV[1] + 0 and at ~= ARGV[3] + 0 then return 0 end
            redis.call('hset', KEYS[1], 'lot', ARGV[1], 'next', 0, 'end', ARGV[2])
            redis.call('pexpire', KEYS[1], ARGV[4])
            redis.call('del', KEYS[2])
            return 1""";
    private static final String DISCARD = """
            if redis.call('hget', KEYS[1], 'lot') == ARGV[1] then return redis.call('del', KEYS[1]) end
            return 0""";

    private final RedisDoor redis;
    private final BlockingQueue<LotDemand> demands = new ArrayBlockingQueue<>(MOST_DEMANDS);

    public RedisPieceCounter(RedisDoor redis) {
        this.redis = redis;
    }

    private static List<Object> keys(TemplateId template, int database) {
        // The braces put both keys into one slot of a cluster.
        String key = "stock:{" + template.number() + ":" + database + "}";
        return List.of(key, key + ":asked");
    }

    @Override
    public Optional<Pieces> take(TemplateId template, int database, int quantity) {
        List<Object> answer = redis.ask(TAKE, keys(template, database), quantity, ASKED.toMillis())
                .orElse(List.of());
        if (answer.isEmpty()) {
            return Optional.empty();
        }
        long lot = Long.parseLong(answer.get(0).toString());
        if (answer.size() < NUMBERS) {
            // A full queue is no trouble: another claim is told the same in a while.
            var unused = demands.offer(new LotDemand(template, database, lot));
            return Optional.empty();
        }
        return Optional.of(new Pieces(lot, Long.parseLong(answer.get(1).toString()), quantity));
    }

    @Override
    public void discard(TemplateId template, int database, long lot) {
        var unused = redis.decide(DISCARD, keys(template, database), lot);
    }

    @Override
    public Optional<LotDemand> awaitDemand(Duration patience) throws InterruptedException {
        return Optional.ofNullable(demands.poll(patience.toMillis(), TimeUnit.MILLISECONDS));
    }

    @Override
    public boolean publish(LotDemand demand, StockLots.Lot lot) {
        return redis.decide(
                        PUBLISH,
                        keys(demand.template(), demand.database()),
                        lot.id(),
                        lot.pieces(),
                        demand.seen(),
                        KEPT.toMillis())
                .orElse(false);
    }
}
