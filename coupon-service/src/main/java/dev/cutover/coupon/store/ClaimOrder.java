package dev.cutover.coupon.store;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Channel;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.template.Template;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Coupons of one or more templates for one user, all or none.
 *
 * @param items each template once
 * @param via through whom they come
 * @param admitted the audiences that the user was found to belong to, by their templates
 */
public record ClaimOrder(
        Operation operation, Source source, List<Item> items, Channel via, Map<TemplateId, String> admitted) {
    /** Of templates that are for everybody. */
    public ClaimOrder(Operation operation, Source source, List<Item> items, Channel via) {
        this(operation, source, items, via, Map.of());
    }

    /** How a coupon came to its user, in the words that the rows of both sides hold. */
    public enum Source {
        SENT(0),
        CLAIMED(1),
        CODE(2);

        private final int number;

        Source(int number) {
            this.number = number;
        }

        public int number() {
            return number;
        }
    }

    /**
     * Coupons of one template.
     *
     * @param number the item's place in the request, from 0; stays when other items are left out
     * @param couponSns the serial text of each coupon, one a coupon: chosen before the side is known, so that a repeat on the other
     *     side writes the same
     */
    public record Item(int number, TemplateId template, List<String> couponSns) {
        public Item {
            couponSns = List.copyOf(couponSns);
            if (couponSns.isEmpty()) {
                throw new IllegalArgumentException("A claim is for at least one coupon.");
            }
        }

        public int quantity() {
            return couponSns.size();
        }

        /** The request's field that named the template. */
        public String param() {
            return "items[" + number + "].template_id";
        }
    }

    public ClaimOrder {
        items = List.copyOf(items);
        admitted = Map.copyOf(admitted);
        if (items.isEmpty()) {
            throw new IllegalArgumentException("A claim has at least one item.");
        }
        if (items.stream().map(Item::template).distinct().count() < items.size()) {
            throw new IllegalArgumentException("A claim names each template once.");
        }
    }

    public long userId() {
        return operation.userId();
    }

    /** The same without those of its items that are refused. */
    public ClaimOrder without(Set<Integer> refused) {
        return new ClaimOrder(
                operation,
                source,
                items.stream().filter(item -> !refused.contains(item.number())).toList(),
                via,
                admitted);
    }

    /** Refuses a template with an audience that nobody has asked about: it was published behind the question. */
    public void requireAdmitted(Template template) {
        if (!Objects.equals(template.terms().audience(), admitted.get(template.id()))) {
            throw new AudienceMovedException(template.id());
        }
    }

    /** How many coupons in all. */
    public int quantity() {
        return items.stream().mapToInt(Item::quantity).sum();
    }

    /** The items in the order in which every claim takes the stock of templates, so that no two wait for one another. */
    public List<Item> inStockOrder() {
        return items.stream()
                .sorted(java.util.Comparator.comparingLong(
                        item -> item.template().number()))
                .toList();
    }
}
