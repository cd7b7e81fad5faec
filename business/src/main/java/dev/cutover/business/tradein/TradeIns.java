package dev.cutover.business.tradein;

import dev.cutover.business.core.CoreRefusedException;
import dev.cutover.business.core.CoreUnavailableException;
import dev.cutover.business.core.CouponCore;
import dev.cutover.business.grant.Grant;
import dev.cutover.business.grant.GrantOwner;
import dev.cutover.business.grant.Grants;
import dev.cutover.business.refusal.ModuleRefusal;
import dev.cutover.business.refusal.ModuleRefusal.Reason;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;

/**
 * The trade-in benefit: a device is quoted, inspected, and its user takes the coupon that it is worth, or takes the device back.
 *
 * <p>Invariant: a device is traded in once, and for at most one coupon: the unique key on the device of every trade-in that is open or done.
 * Safe for many threads and processes.
 */
public final class TradeIns implements GrantOwner {
    private static final String MODULE = "trade-in";
    private static final Set<String> GRADES = Set.of("A", "B", "C", "D");
    private static final int DUPLICATE = 1062;

    private final Jdbi database;
    private final Grants grants;
    private final CouponCore core;
    private final InstantSource clock;

    public TradeIns(Jdbi database, Grants grants, CouponCore core, InstantSource clock) {
        this.database = database;
        this.grants = grants;
        this.core = core;
        this.clock = clock;
        grants.register(this);
    }

    @Override
    public String module() {
        return MODULE;
    }

    /** Sets what a device is worth from now on; the coupon service has to know the template. */
    public void price(String model, String grade, String templateId) {
        requireGrade(grade);
        if (worth(templateId).isEmpty()) {
            throw new ModuleRefusal(
                    Reason.PARAMETER_INVALID,
                    "Coupons of " + templateId + " take off no amount: a device is worth one.");
        }
        database.useHandle(handle -> handle.createUpdate(
                        "REPLACE INTO trade_in_price (model, grade, template_id) VALUES (:model, :grade, :template)")
                .bind("model", model)
                .bind("grade", grade)
                .bind("template", templateId)
                .execute());
    }

    private Optional<Long> worth(String templateId) {
        try {
            return core.amountOff(templateId);
        } catch (CoreRefusedException e) {
            throw new ModuleRefusal(Reason.PARAMETER_INVALID, e.getMessage() == null ? e.code() : e.getMessage(), e);
        } catch (CoreUnavailableException e) {
            throw new ModuleRefusal(Reason.CORE_UNAVAILABLE, "The coupon service does not answer; ask again.", e);
        }
    }

    /** A device as its user describes it; the same again for the same number. */
    public TradeIn quote(String number, long userId, String model, String grade, String serial) {
        String template = requirePrice(model, grade);
        String device = hash(serial);
        long now = clock.millis();
        try {
            database.useHandle(handle -> handle.createUpdate(
                            "INSERT INTO trade_in (trade_in_no, user_id, model, grade, device, state, template_id, taken,"
                                    + " created_at, updated_at)"
                                    + " VALUES (:no, :user, :model, :grade, :device, 0, :template, :device, :now, :now)")
                    .bind("no", number)
                    .bind("user", userId)
                    .bind("model", model)
                    .bind("grade", grade)
                    .bind("device", device)
                    .bind("template", template)
                    .bind("now", now)
                    .execute());
        } catch (UnableToExecuteStatementException e) {
            if (!(e.getCause() instanceof SQLException sql && sql.getErrorCode() == DUPLICATE)) {
                throw e;
            }
            return again(number, userId, model, device);
        }
        return require(number);
    }

    private TradeIn again(String number, long userId, String model, String device) {
        Optional<TradeIn> there = find(number);
        if (there.isEmpty()) {
            throw new ModuleRefusal(Reason.DEVICE_TAKEN, "This device was traded in already, or is about to be.");
        }
        boolean same = there.get().userId() == userId
                && there.get().model().equals(model)
                && device.equals(database.withHandle(
                        handle -> handle.createQuery("SELECT device FROM trade_in WHERE trade_in_no = :no")
                                .bind("no", number)
                                .mapTo(String.class)
                                .one()));
        if (!same) {
            throw new ModuleRefusal(Reason.NUMBER_REUSED, "Trade-in " + number + " is of another device or user.");
        }
        return there.get();
    }

    /** What was found when the device came in; may be told again, also differently, until its user has decided. */
    public TradeIn inspect(String number, String grade) {
        TradeIn there = require(number);
        String template = requirePrice(there.model(), grade);
        int done = database.withHandle(handle -> handle.createUpdate(
                        "UPDATE trade_in SET state = 1, grade = :grade, template_id = :template, updated_at = :now"
                                + " WHERE trade_in_no = :no AND state IN (0, 1)")
                .bind("grade", grade)
                .bind("template", template)
                .bind("now", clock.millis())
                .bind("no", number)
                .execute());
        return done == 1 ? require(number) : conflict(require(number), "inspected");
    }

    /** The user takes what the inspected device is worth; the same again when he has. */
    public TradeIn accept(String number) {
        TradeIn there = require(number);
        boolean decided = database.inTransaction(transaction -> {
            int moved = transaction
                    .createUpdate(
                            "UPDATE trade_in SET state = 2, updated_at = :now WHERE trade_in_no = :no AND state = 1"
                                    + " AND template_id = :template")
                    .bind("now", clock.millis())
                    .bind("no", number)
                    // What he was shown; an inspection in between would have him take something else.
                    .bind("template", there.templateId())
                    .execute();
            if (moved == 1) {
                grants.decide(
                        transaction, Grant.of(key(number), MODULE, there.userId(), there.templateId(), MODULE, ""));
            }
            return moved == 1;
        });
        TradeIn now = require(number);
        if (!decided && now.state() != TradeIn.State.ACCEPTED && now.state() != TradeIn.State.GIVEN) {
            return conflict(now, "accepted");
        }
        if (now.state() == TradeIn.State.ACCEPTED) {
            grants.attempt(key(number));
        }
        return require(number);
    }

    /** The user takes his device back; it may be traded in another time. */
    public TradeIn decline(String number) {
        var unused = require(number);
        int done = database.withHandle(
                handle -> handle.createUpdate("UPDATE trade_in SET state = 4, taken = NULL, updated_at = :now"
                                + " WHERE trade_in_no = :no AND state IN (0, 1, 4)")
                        .bind("now", clock.millis())
                        .bind("no", number)
                        .execute());
        return done == 1 ? require(number) : conflict(require(number), "declined");
    }

    public TradeIn require(String number) {
        return find(number)
                .orElseThrow(() -> new ModuleRefusal(Reason.NOT_FOUND, "There is no trade-in '" + number + "'."));
    }

    private Optional<TradeIn> find(String number) {
        return database.withHandle(handle -> handle.createQuery("SELECT * FROM trade_in WHERE trade_in_no = :no")
                .bind("no", number)
                .map((row, context) -> tradeIn(row))
                .findOne());
    }

    private static TradeIn tradeIn(ResultSet row) throws SQLException {
        return new TradeIn(
                row.getString("trade_in_no"),
                row.getLong("user_id"),
                row.getString("model"),
                row.getString("grade"),
                TradeIn.State.values()[row.getInt("state")],
                row.getString("template_id"),
                row.getString("coupon_id"),
                row.getString("refusal"));
    }

    private static TradeIn conflict(TradeIn there, String done) {
        throw new ModuleRefusal(
                Reason.STATE_CONFLICT,
                "Trade-in " + there.number() + " is " + there.state() + " and cannot be " + done + " any more.");
    }

    private String requirePrice(String model, String grade) {
        requireGrade(grade);
        return database.withHandle(handle -> handle.createQuery(
                                "SELECT template_id FROM trade_in_price WHERE model = :model AND grade = :grade")
                        .bind("model", model)
                        .bind("grade", grade)
                        .mapTo(String.class)
                        .findOne())
                .orElseThrow(() -> new ModuleRefusal(
                        Reason.NO_PRICE, "A " + model + " in condition " + grade + " cannot be traded in."));
    }

    private static void requireGrade(String grade) {
        if (!GRADES.contains(grade)) {
            throw new ModuleRefusal(Reason.PARAMETER_INVALID, "A grade is one of A, B, C and D, not '" + grade + "'.");
        }
    }

    private static String key(String number) {
        return MODULE + "-" + number;
    }

    private static String hash(String serial) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(serial.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JVM has SHA-256.", e);
        }
    }

    @Override
    public void given(Handle transaction, Grant grant, String couponId) {
        end(transaction, grant, TradeIn.State.GIVEN, "coupon_id = :said", couponId);
    }

    // The device is free again: its user got nothing for it.
    @Override
    public void refused(Handle transaction, Grant grant, String code) {
        end(transaction, grant, TradeIn.State.REFUSED, "refusal = :said, taken = NULL", code);
    }

    private void end(Handle transaction, Grant grant, TradeIn.State state, String outcome, String said) {
        var unused = transaction
                .createUpdate("UPDATE trade_in SET state = :state, updated_at = :now, " + outcome
                        + " WHERE trade_in_no = :no AND state = 2")
                .bind("state", state.ordinal())
                .bind("now", clock.millis())
                .bind("said", said)
                .bind("no", grant.key().substring(MODULE.length() + 1))
                .execute();
    }
}
