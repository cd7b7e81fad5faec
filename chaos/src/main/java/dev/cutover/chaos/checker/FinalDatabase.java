package dev.cutover.chaos.checker;

import dev.cutover.chaos.checker.Layout.Place;
import java.util.List;

/**
 * What the tables of one database hold after the run. Rows carry the number of the physical table they were found in.
 *
 * @param templates on OLD with what is left, on meta with the total alone
 * @param slices on shards
 */
record FinalDatabase(
        Place place,
        List<Coupon> coupons,
        List<Probe> probes,
        List<Redemption> redemptions,
        List<Operation> operations,
        List<Template> templates,
        List<Slice> slices) {
    FinalDatabase {
        coupons = List.copyOf(coupons);
        probes = List.copyOf(probes);
        redemptions = List.copyOf(redemptions);
        operations = List.copyOf(operations);
        templates = List.copyOf(templates);
        slices = List.copyOf(slices);
    }

    /** Where a row was found. */
    record Found(Place place, int table) {
        @Override
        public String toString() {
            return place + " table " + table;
        }
    }

    /** {@code stored} is the id as the table has it, {@code id} the legacy one. */
    record Coupon(
            Found found,
            long stored,
            long id,
            long user,
            int template,
            int status,
            int version,
            String lastOp,
            long epoch) {
        String content() {
            return "user " + user + ", template " + template + ", status " + status + ", version " + version + ", last "
                    + lastOp + ", epoch " + epoch;
        }
    }

    record Probe(Found found, long user, int k, long seq, String hist, String lastOp, long epoch) {
        List<String> list() {
            return hist.isEmpty() ? List.of() : List.of(hist.split(",", -1));
        }

        String content() {
            return "seq " + seq + ", hist " + hist + ", last " + lastOp + ", epoch " + epoch;
        }
    }

    record Redemption(Found found, long user, String order, long coupon, String lastOp, long epoch) {
        String content() {
            return "coupon " + coupon + ", last " + lastOp + ", epoch " + epoch;
        }
    }

    record Operation(Found found, long user, String op, String kind, long result, long epoch) {
        String content() {
            return kind + ", result " + result + ", epoch " + epoch;
        }
    }

    record Template(int id, long total, long left) {}

    record Slice(int template, long remaining) {}
}
