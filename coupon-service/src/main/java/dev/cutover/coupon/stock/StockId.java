package dev.cutover.coupon.stock;

import dev.cutover.coupon.id.TemplateId;

/** One of the stocks of a template, each cut into slices: its coupons, or the money that they may take off. */
public record StockId(Kind kind, TemplateId template) {
    /** What is counted, and in which tables; those of all kinds are alike. */
    public enum Kind {
        /** Pieces. They never come back: a refund gives the coupon to its user. */
        COUPONS("stock", "coupons"),
        /** Minor units. They come back with a release, the end of a hold, a refund. */
        BUDGET("budget", "minor units");

        private final String prefix;
        private final String units;

        Kind(String prefix, String units) {
            this.prefix = prefix;
            this.units = units;
        }

        /** {@code name} of this kind, such as {@code slice}, {@code transfer} or {@code adjustment_leg}. */
        public String table(String name) {
            return prefix + "_" + name;
        }

        /** What people call what is counted. */
        public String units() {
            return units;
        }
    }

    public static StockId coupons(TemplateId template) {
        return new StockId(Kind.COUPONS, template);
    }

    public static StockId budget(TemplateId template) {
        return new StockId(Kind.BUDGET, template);
    }

    /** Its table of this name. */
    public String table(String name) {
        return kind.table(name);
    }

    @Override
    public String toString() {
        return kind.units() + " of template " + template;
    }
}
