package dev.cutover.coupon.http;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.id.IssuanceId;
import dev.cutover.coupon.id.RecallId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.token.Tenant;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Sees to it that a request names nothing that is another tenant's: to its sender, that is not there.
 *
 * <p>Everything belongs to whom its template belongs, and what a coupon, a use, a hold, an issuance, a recall or a batch is of never changes, so it
 * is looked up once and kept. Safe for many threads.
 */
final class TenantGuard {
    private static final long MOST_KEPT = 100_000;

    private final CouponServer.Rooms rooms;
    private final Cache<Object, TemplateId> templates =
            Caffeine.newBuilder().maximumSize(MOST_KEPT).build();

    TenantGuard(CouponServer.Rooms rooms) {
        this.rooms = rooms;
    }

    /** Refuses a request that names what is not its sender's, as if it named what nobody has. */
    void check(RouteRules.Names names, Tenant tenant, ApiRequest request) {
        switch (names) {
            case NOTHING, ASKED_BY_HANDLER, THE_MALLS -> {}
            case TEMPLATE_IN_PATH -> template(tenant, request.path("id"), "id");
            case TEMPLATE_IN_BODY -> {
                RequestBody body = request.body();
                if (body.has("template_id")) {
                    template(tenant, body.text("template_id"), "template_id");
                }
            }
            case COUPON_IN_PATH ->
                CouponId.parse(request.path("id")).ifPresent(coupon -> requireCoupon(tenant, coupon, "id"));
            case COUPONS_IN_BODY -> {
                RequestBody body = request.body();
                for (String field : List.of("coupon_ids", "coupons")) {
                    if (body.has(field)) {
                        OrderFields.coupons(body, field).forEach(coupon -> requireCoupon(tenant, coupon, "coupon_ids"));
                    }
                }
            }
            case REDEMPTION_IN_PATH ->
                RedemptionId.parse(request.path("id"))
                        .filter(id -> !ownsIfThere(tenant, template(id)))
                        .ifPresent(id -> {
                            throw new Refusal(Reason.REDEMPTION_NOT_FOUND, "id", "There is no redemption " + id + ".");
                        });
            case HOLD_IN_PATH ->
                HoldId.parse(request.path("id"))
                        .filter(id -> !ownsIfThere(tenant, template(id)))
                        .ifPresent(id -> {
                            throw new Refusal(Reason.HOLD_NOT_FOUND, "id", "There is no hold " + id + ".");
                        });
            case ISSUANCE_IN_PATH -> requireIssuance(tenant, IssuancesApi.id(request));
            case CODE_BATCH_IN_PATH -> requireBatch(tenant, CodesApi.id(request));
            case RECALL_IN_PATH -> requireRecall(tenant, RecallsApi.id(request));
            case OPERATION_IN_PATH -> requireOperation(tenant, request);
        }
    }

    private static void template(Tenant tenant, String text, String param) {
        TemplateId.parse(text).filter(id -> !tenant.owns(id)).ifPresent(id -> {
            throw Template.notFound(id, param);
        });
    }

    private void requireIssuance(Tenant tenant, IssuanceId id) {
        if (!tenant.owns(
                kept(id, () -> Optional.of(rooms.issuances().progress(id).task().template()))
                        .orElseThrow())) {
            throw new Refusal(Reason.ISSUANCE_NOT_FOUND, "id", "There is no issuance " + id + ".");
        }
    }

    private void requireOperation(Tenant tenant, ApiRequest request) {
        Optional<RecallId> recall = OperationsApi.recall(request);
        if (recall.isPresent()) {
            requireRecall(tenant, recall.get());
            return;
        }
        OperationsApi.issuance(request)
                .ifPresentOrElse(
                        issuance -> requireIssuance(tenant, issuance),
                        () -> requireBatch(tenant, OperationsApi.batch(request)));
    }

    private void requireRecall(Tenant tenant, RecallId id) {
        if (!tenant.owns(kept(
                        id,
                        () -> Optional.of(
                                rooms.backOffice().recalls().recall(id).template()))
                .orElseThrow())) {
            throw new Refusal(Reason.RECALL_NOT_FOUND, "id", "There is no recall " + id + ".");
        }
    }

    private void requireBatch(Tenant tenant, long id) {
        if (!tenant.owns(
                kept(id, () -> Optional.of(rooms.codeBatches().batch(id).template()))
                        .orElseThrow())) {
            throw new Refusal(Reason.CODE_BATCH_NOT_FOUND, "id", "There is no batch cbt_" + id + ".");
        }
    }

    private void requireCoupon(Tenant tenant, CouponId id, String param) {
        if (!owns(tenant, id)) {
            throw new Refusal(Reason.COUPON_NOT_FOUND, param, "There is no coupon " + id + ".");
        }
    }

    /** Whether a coupon is of a template of this tenant; also true of one that does not exist, which the handler will find out. */
    boolean owns(Tenant tenant, CouponId id) {
        return ownsIfThere(tenant, template(id));
    }

    private static boolean ownsIfThere(Tenant tenant, Optional<TemplateId> template) {
        return template.isEmpty() || tenant.owns(template.get());
    }

    private Optional<TemplateId> template(CouponId id) {
        return kept(id, () -> rooms.redemptions().templateOf(id));
    }

    private Optional<TemplateId> template(RedemptionId id) {
        return kept(id, () -> rooms.redemptions().couponOf(id).flatMap(this::template));
    }

    private Optional<TemplateId> template(HoldId id) {
        // All coupons of a hold were asked for by one tenant.
        return kept(id, () -> rooms.holds().couponOf(id).flatMap(this::template));
    }

    private Optional<TemplateId> kept(Object id, Supplier<Optional<TemplateId>> lookUp) {
        TemplateId known = templates.getIfPresent(id);
        if (known != null) {
            return Optional.of(known);
        }
        Optional<TemplateId> found = lookUp.get();
        found.ifPresent(template -> templates.put(id, template));
        return found;
    }
}
