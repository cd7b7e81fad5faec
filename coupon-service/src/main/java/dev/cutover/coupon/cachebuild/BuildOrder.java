package dev.cutover.coupon.cachebuild;

import dev.cutover.coupon.detail.DetailKey;
import dev.cutover.coupon.id.TemplateId;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Details to be built: of each of these templates, in each of these stores, for each of these products.
 *
 * @param number the caller's name for it: asked again, it is the same order
 * @param weight {@link #LIGHTEST} to {@link #HEAVIEST}; heavier ones go first, and nobody waits for ever
 * @param operator who orders it
 */
public record BuildOrder(
        String number,
        String reason,
        int weight,
        List<TemplateId> templates,
        List<String> stores,
        List<Product> products,
        String operator) {
    /** The least weight, and that of who says none. */
    public static final int LIGHTEST = 0;

    /** The most. */
    public static final int HEAVIEST = 100;

    /** As many tasks as one order may come to. */
    public static final int MOST_TASKS = 100_000;

    /** @param category null where it is not known */
    public record Product(String name, @Nullable String category) {}

    public BuildOrder {
        templates = List.copyOf(templates);
        stores = List.copyOf(stores);
        products = List.copyOf(products);
        long tasks = (long) templates.size() * stores.size() * products.size();
        if (tasks < 1 || tasks > MOST_TASKS || weight < LIGHTEST || weight > HEAVIEST) {
            throw new IllegalArgumentException("An order comes to 1 to " + MOST_TASKS
                    + " tasks of weight 0 to 100, not to " + tasks + " of " + weight + ".");
        }
        if (!stores.stream().allMatch(DetailKey::isStore)) {
            throw new IllegalArgumentException("Not all of these are ids of stores: " + stores + ".");
        }
    }

    int tasks() {
        return templates.size() * stores.size() * products.size();
    }

    /** The same number with another text is another order; the unit separator is in no part. */
    String canonical() {
        return String.join(
                "\u001f",
                reason,
                Integer.toString(weight),
                templates.stream().map(TemplateId::toString).collect(Collectors.joining(",")),
                String.join(",", stores),
                products.stream()
                        .map(one -> one.name() + "\u001e" + one.category())
                        .collect(Collectors.joining("\u001d")));
    }
}
