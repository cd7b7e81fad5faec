package dev.cutover.coupon.webhook;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.Topology;
import dev.cutover.coupon.ledger.LedgerFeed;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.token.Owners;
import dev.cutover.coupon.token.TokenSecrets;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.InstantSource;
import java.util.concurrent.ExecutorService;

/**
 * Webhooks and who tells them, over one set of tables and secrets.
 *
 * @param webhooks who is told
 * @param worker tells them
 */
public record WebhookRooms(Webhooks webhooks, WebhookWorker worker) {
    /**
     * What webhooks are made of.
     *
     * @param addresses which addresses may be told
     */
    public record Parts(
            Topology topology,
            MetaDatabase meta,
            CouponDatabases databases,
            LedgerFeed feed,
            Owners owners,
            TokenSecrets secrets,
            WebhookAddress addresses,
            InstantSource clock) {}

    /** @param threads one a webhook that is being told; the caller closes them */
    public static WebhookRooms of(
            Parts parts,
            WebhookWorker.Options options,
            ExecutorService threads,
            Failpoints failpoints,
            MeterRegistry meters) {
        WebhookTables tables = new WebhookTables(parts.meta());
        Signature signature = new Signature(parts.secrets());
        return new WebhookRooms(
                new Webhooks(parts.meta(), tables, signature, parts.addresses(), parts.clock()),
                new WebhookWorker(
                        new WebhookWorker.Parts(
                                parts.topology(),
                                parts.databases(),
                                tables,
                                parts.feed(),
                                parts.owners(),
                                signature,
                                parts.addresses(),
                                parts.clock()),
                        options,
                        threads,
                        failpoints,
                        meters));
    }
}
