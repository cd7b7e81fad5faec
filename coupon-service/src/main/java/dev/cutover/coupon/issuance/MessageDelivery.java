package dev.cutover.coupon.issuance;

import dev.cutover.core.topology.Side;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.store.CouponDatabases;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes messages from the outbox to the message centre, each until it was taken; issuances do not wait for it. Several processes may
 * deliver side by side. {@link #tick} is called by one thread.
 */
public final class MessageDelivery {
    private static final Logger LOG = LoggerFactory.getLogger(MessageDelivery.class);
    private static final int TOGETHER = 20;
    // More than the patience for a whole handful.
    private static final Duration LEASE = Duration.ofMinutes(2);

    private final IssuanceTables tables;
    private final CouponDatabases databases;
    private final MessageCentre centre;
    private final InstantSource clock;
    private final Retries pauses;

    MessageDelivery(
            IssuanceTables tables,
            CouponDatabases databases,
            MessageCentre centre,
            InstantSource clock,
            Retries pauses) {
        this.tables = tables;
        this.databases = databases;
        this.centre = centre;
        this.clock = clock;
        this.pauses = pauses;
    }

    /** Delivers what waits, until the centre fails to take one; never throws. */
    public void tick() {
        try {
            boolean more = centre.present();
            while (more && databases.truth() == Side.NEW) {
                more = deliver();
            }
        } catch (EpochMovedException e) {
            LOG.debug("Messages wait for a switch of the migration", e);
        } catch (RuntimeException e) {
            LOG.warn("Messages could not be delivered, trying again: {}", e.toString());
        }
    }

    private boolean deliver() {
        var due = tables.takeMessages(TOGETHER, clock.millis(), LEASE);
        boolean taken = true;
        for (IssuanceTables.Message message : due) {
            // Behind one that was not taken the others are given back at once: a centre that is away is not asked
            // twenty times.
            taken = taken && taken(message);
            if (!taken) {
                tables.notDelivered(
                        message,
                        clock.millis() + pauses.after(message.attempts()).toMillis());
            }
        }
        return taken && due.size() == TOGETHER;
    }

    private boolean taken(IssuanceTables.Message message) {
        try {
            centre.deliver(new MessageCentre.Message(
                    message.task() + "-" + message.chunk() + "-" + message.part(),
                    message.task(),
                    message.template(),
                    Arrays.stream(message.users()).boxed().toList()));
        } catch (MessageCentre.AwayException e) {
            LOG.warn("{}", e.getMessage());
            return false;
        }
        tables.delivered(message, clock.millis());
        return true;
    }
}
