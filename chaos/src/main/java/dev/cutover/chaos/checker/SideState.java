package dev.cutover.chaos.checker;

import dev.cutover.chaos.checker.FinalDatabase.Coupon;
import dev.cutover.chaos.checker.FinalDatabase.Operation;
import dev.cutover.chaos.checker.FinalDatabase.Probe;
import dev.cutover.chaos.checker.FinalDatabase.Redemption;
import dev.cutover.chaos.checker.Layout.Place;
import dev.cutover.chaos.history.Side;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All databases of one side as one bank. Rows that share a key are kept as doubles. Owned by one thread. */
final class SideState {
    private final Side side;
    private final Map<String, Operation> operations = new HashMap<>();
    private final Map<Long, Map<Integer, Probe>> probes = new HashMap<>();
    private final Map<Long, Coupon> coupons = new HashMap<>();
    private final Map<String, Redemption> redemptions = new HashMap<>();
    private final Map<Integer, Long> totals = new LinkedHashMap<>();
    private final Map<Integer, Long> left = new HashMap<>();
    private final List<String> doubles = new ArrayList<>();
    private final List<Operation> doubleOperations = new ArrayList<>();
    private final List<Coupon> doubleCoupons = new ArrayList<>();
    private final List<FinalDatabase> databases = new ArrayList<>();

    private SideState(Side side) {
        this.side = side;
    }

    /** Empty when not every database of the side could be asked. */
    static Optional<SideState> of(Side side, Layout layout, List<FinalDatabase> all) {
        List<Place> places = new ArrayList<>();
        if (side == Side.OLD) {
            places.add(layout.old());
        } else {
            places.add(layout.meta());
            places.addAll(layout.shards());
        }
        SideState state = new SideState(side);
        for (Place place : places) {
            Optional<FinalDatabase> found = all.stream()
                    .filter(database -> database.place().equals(place))
                    .findFirst();
            if (found.isEmpty()) {
                return Optional.empty();
            }
            state.add(found.get());
        }
        return Optional.of(state);
    }

    private void add(FinalDatabase database) {
        databases.add(database);
        for (Operation operation : database.operations()) {
            Operation other = operations.putIfAbsent(operation.op(), operation);
            if (other != null) {
                doubleOperations.add(operation);
            }
        }
        for (Probe probe : database.probes()) {
            Probe other =
                    probes.computeIfAbsent(probe.user(), any -> new HashMap<>()).putIfAbsent(probe.k(), probe);
            if (other != null) {
                doubles.add(
                        "probe " + probe.user() + "/" + probe.k() + " in " + other.found() + " and " + probe.found());
            }
        }
        for (Coupon coupon : database.coupons()) {
            Coupon other = coupons.putIfAbsent(coupon.id(), coupon);
            if (other != null) {
                doubleCoupons.add(coupon);
            }
        }
        for (Redemption redemption : database.redemptions()) {
            Redemption other = redemptions.putIfAbsent(redemption.user() + "/" + redemption.order(), redemption);
            if (other != null) {
                doubles.add("redemption " + redemption.user() + "/" + redemption.order() + " in " + other.found()
                        + " and " + redemption.found());
            }
        }
        database.templates().forEach(template -> {
            totals.put(template.id(), template.total());
            left.merge(template.id(), template.left(), Long::sum);
        });
        database.slices().forEach(slice -> left.merge(slice.template(), slice.remaining(), Long::sum));
    }

    Side side() {
        return side;
    }

    List<FinalDatabase> databases() {
        return databases;
    }

    Map<String, Operation> operations() {
        return operations;
    }

    List<Operation> doubleOperations() {
        return doubleOperations;
    }

    Map<Long, Map<Integer, Probe>> probes() {
        return probes;
    }

    Optional<Probe> probe(long user, int k) {
        return Optional.ofNullable(probes.getOrDefault(user, Map.of()).get(k));
    }

    Map<Long, Coupon> coupons() {
        return coupons;
    }

    List<Coupon> doubleCoupons() {
        return doubleCoupons;
    }

    /** By user and order. */
    Map<String, Redemption> redemptions() {
        return redemptions;
    }

    /** Probes and redemptions that are there twice. */
    List<String> doubles() {
        return doubles;
    }

    /** How many coupons each template may have; negative when that is not limited. */
    Map<Integer, Long> totals() {
        return totals;
    }

    /** How many coupons of a template may still be taken. */
    long left(int template) {
        return left.getOrDefault(template, 0L);
    }
}
