package dev.cutover.chaos.plant;

import dev.cutover.chaos.bank.Answer;
import dev.cutover.chaos.bank.Call;
import dev.cutover.chaos.history.HistoryRecord;
import dev.cutover.chaos.history.HistoryWriter;
import dev.cutover.chaos.history.ReadMode;
import dev.cutover.chaos.history.Request;
import dev.cutover.chaos.history.Side;
import dev.cutover.chaos.load.BankDoor;
import dev.cutover.chaos.stand.ChaosFailedException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** A client that asks one thing at a chosen moment, for one user, and writes it down as all clients do. Safe for many threads. */
final class Loner {
    /** For whom it asks: the first of all users, whose rows are never among the newest. */
    static final int USER = 1;

    private static final int PROCESS = 999;
    private static final long PATIENCE_NANOS = Duration.ofSeconds(20).toNanos();

    private final BankDoor door;
    private final HistoryWriter history;
    private final AtomicInteger turn = new AtomicInteger();

    Loner(BankDoor door, HistoryWriter history) {
        this.door = door;
        this.history = history;
    }

    /** Appends; returns the op id once it is acknowledged. */
    String append(Integer... keys) {
        String op = nextOp();
        required(op, insist(op, new Request.Append(List.of(keys)), Call.append(op, USER, List.of(keys))));
        return op;
    }

    /** Asks the instance with this number for an append and waits for its answer elsewhere. */
    CompletableFuture<String> appendLater(int instance, Integer... keys) {
        String op = nextOp();
        return CompletableFuture.supplyAsync(() -> {
            ask(instance, op, new Request.Append(List.of(keys)), Call.append(op, USER, List.of(keys)), false);
            return op;
        });
    }

    /** Claims a coupon and returns its legacy id. */
    long claim() {
        String op = nextOp();
        return required(op, insist(op, new Request.Claim(1), Call.claim(op, USER, 1)))
                .result();
    }

    /** Pays for an order; returns the op id. */
    String redeem(long coupon, String order) {
        String op = nextOp();
        required(op, insist(op, new Request.Redeem(coupon, order), Call.redeem(op, USER, coupon, order)));
        return op;
    }

    void release(long coupon, String order) {
        String op = nextOp();
        required(op, insist(op, new Request.Release(coupon, order), Call.release(op, USER, order)));
    }

    void readFresh() {
        String op = nextOp();
        required(op, insist(op, new Request.Read(ReadMode.FRESH), Call.read(op, USER, true)));
    }

    private String nextOp() {
        return "lone." + turn.getAndIncrement();
    }

    private static Answer required(String op, Answer answer) {
        if (answer.status() != Answer.Status.OK) {
            throw new ChaosFailedException("The request " + op + " was not answered: " + answer.why(), null);
        }
        return answer;
    }

    private Answer insist(String op, Request request, Call call) {
        return ask(0, op, request, call, true);
    }

    private Answer ask(int instance, String op, Request request, Call call, boolean insists) {
        long asked = System.nanoTime();
        history.write(new HistoryRecord.Invoke(asked, System.currentTimeMillis(), PROCESS, op, USER, request));
        try {
            Answer answer = door.ask(instance, call);
            for (int attempt = instance + 1;
                    insists && answer.status() == Answer.Status.AGAIN && System.nanoTime() - asked < PATIENCE_NANOS;
                    attempt++) {
                answer = door.ask(attempt, call);
            }
            note(op, answer);
            return answer;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ChaosFailedException("Interrupted while asking for " + op + ".", e);
        }
    }

    private void note(String op, Answer answer) {
        long at = System.nanoTime();
        long wall = System.currentTimeMillis();
        Map<Integer, List<String>> lists = answer.lists();
        if (answer.status() == Answer.Status.AGAIN) {
            history.write(new HistoryRecord.Info(at, wall, PROCESS, op, String.valueOf(answer.why())));
        } else if (answer.status() == Answer.Status.REFUSED) {
            history.write(new HistoryRecord.Fail(at, wall, PROCESS, op, String.valueOf(answer.why())));
        } else if (lists != null) {
            history.write(HistoryRecord.Ok.read(at, wall, PROCESS, op, answer.epoch(), side(answer), lists));
        } else {
            history.write(
                    HistoryRecord.Ok.written(at, wall, PROCESS, op, answer.epoch(), side(answer), answer.result()));
        }
    }

    private static Side side(Answer answer) {
        return Side.valueOf(String.valueOf(answer.side()));
    }
}
