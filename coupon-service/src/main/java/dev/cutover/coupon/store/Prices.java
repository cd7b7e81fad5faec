package dev.cutover.coupon.store;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.pricing.CouponQuote;
import dev.cutover.coupon.pricing.Eligibility;
import dev.cutover.coupon.pricing.OrderLine;
import dev.cutover.coupon.pricing.Pricing;
import dev.cutover.coupon.pricing.Product;
import dev.cutover.coupon.pricing.ProductLists;
import dev.cutover.coupon.pricing.Quote;
import dev.cutover.coupon.pricing.Stacking;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.template.Terms;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Prices coupons of one side by its templates and product lists. Safe for many threads. */
public final class Prices {
    private final Templates templates;
    private final ProductLists lists;

    public Prices(Templates templates, ProductLists lists) {
        this.templates = templates;
        this.lists = lists;
    }

    /** A coupon as it was found, or not, under its id. */
    record Found(CouponId id, Optional<CouponRow> row) {}

    /** What these coupons of this user take off together at {@code now}. */
    Priced together(Cart cart, List<Found> coupons, long userId, long now) throws SQLException {
        Map<CouponId, CouponQuote> refused = new HashMap<>();
        Map<CouponId, TemplateId> budgets = new HashMap<>();
        List<Pricing.Candidate> candidates = new ArrayList<>();
        Map<TemplateId, List<Eligibility>> lines = new HashMap<>();
        for (Found found : coupons) {
            try {
                CouponRow coupon = Redeemable.require(found.id(), found.row(), userId, now);
                candidates.add(candidate(cart, coupon, lines));
                if (terms(coupon.templateId()).budgetMinor() != null) {
                    budgets.put(coupon.id(), coupon.templateId());
                }
            } catch (Refusal e) {
                refused.put(found.id(), CouponQuote.refused(found.id(), e));
            }
        }
        Quote quote = Pricing.quote(cart, candidates);
        List<CouponQuote> all = new ArrayList<>();
        for (Found found : coupons) {
            CouponQuote no = refused.get(found.id());
            all.add(no == null ? quote.of(found.id()) : no);
        }
        return new Priced(new Quote(cart, all), budgets);
    }

    /** What each of these coupons of this user takes off by itself. */
    List<Offer> apart(Cart cart, List<CouponRow> coupons, long userId, long now) throws SQLException {
        Map<TemplateId, List<Eligibility>> lines = new HashMap<>();
        List<Offer> offers = new ArrayList<>();
        for (CouponRow coupon : coupons) {
            CouponQuote quote;
            try {
                CouponRow usable = Redeemable.require(coupon.id(), Optional.of(coupon), userId, now);
                quote = Pricing.quote(cart, List.of(candidate(cart, usable, lines)))
                        .coupons()
                        .get(0);
            } catch (Refusal e) {
                quote = CouponQuote.refused(coupon.id(), e);
            }
            offers.add(new Offer(coupon, quote));
        }
        return offers;
    }

    private Pricing.Candidate candidate(Cart cart, CouponRow coupon, Map<TemplateId, List<Eligibility>> known)
            throws SQLException {
        List<Eligibility> lines = List.of();
        if (cart.itemised()) {
            List<Eligibility> asked = known.get(coupon.templateId());
            if (asked == null) {
                List<Product> products =
                        cart.lines().stream().map(OrderLine::product).toList();
                asked = lists.of(coupon.templateId(), products);
                known.put(coupon.templateId(), asked);
            }
            lines = asked;
        } else if (lists.limit(coupon.templateId())) {
            throw new Refusal(
                    Refusal.Reason.PARAMETER_MISSING,
                    "order.lines",
                    "Coupon " + coupon.id() + " is not for every product: say the lines of the order.");
        }
        return new Pricing.Candidate(coupon.id(), Redeemable.discount(coupon), stacking(coupon.templateId()), lines);
    }

    /** Beside which others coupons of a template may be used. */
    Stacking stacking(TemplateId template) throws SQLException {
        Terms terms = terms(template);
        return new Stacking(terms.stackGroup(), !terms.stackable());
    }

    /** What a template says of the use of its coupons; one that is gone says what the mall does everywhere. */
    Terms terms(TemplateId template) throws SQLException {
        return templates.find(template).map(Template::terms).orElse(Terms.OF_THE_MALL);
    }
}
