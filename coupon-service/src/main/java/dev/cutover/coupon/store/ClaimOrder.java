package dev.cutover.coupon.store;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Operation;
import java.util.List;

/**
 * Coupons of one or more templates for one user, all or none.
 *
 * @param items each template once
 */
public record ClaimOrder(Operation operation, Source source, List<Item> items) {
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
