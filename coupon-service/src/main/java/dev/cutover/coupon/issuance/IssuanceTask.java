package dev.cutover.coupon.issuance;

import dev.cutover.coupon.id.IssuanceId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Channel;
import org.jspecify.annotations.Nullable;

/**
 * One targeted issuance as its row stands.
 *
 * @param issuanceNo the caller's name for it
 * @param pausedBecause the code of the reason the service paused it for, null where a person did
 * @param seed what the serial texts of its coupons are derived from
 * @param via through whom its coupons come
 * @param named how many users were named
 * @param duplicates how many of them were named before
 * @param audit who changed what, as a JSON list
 * @param runSince when it last began to run, 0 before it did
 * @param runBase how many users were settled then
 */
public record IssuanceTask(
        IssuanceId id,
        String issuanceNo,
        String fingerprint,
        TemplateId template,
        IssuanceState state,
        @Nullable String pausedBecause,
        String seed,
        @Nullable String audience,
        Channel via,
        long named,
        long duplicates,
        long issued,
        Tunables tunables,
        String createdBy,
        String audit,
        long createdAt,
        long runSince,
        long runBase,
        @Nullable Long finishedAt) {}
