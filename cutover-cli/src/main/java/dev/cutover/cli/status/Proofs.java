package dev.cutover.cli.status;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.console.Numbers;
import dev.cutover.core.stage.Proof;
import dev.cutover.core.stage.ProofLedger;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.SeenDifference;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What the ledger says of the direction the migration runs in.
 *
 * @param at database time
 * @param proofs a database each, none where nothing was proven yet
 * @param differences rows that were certified to differ since
 */
public record Proofs(Instant at, List<Proof> proofs, List<SeenDifference> differences) {
    private static final int SHOWN = 60;

    public static Proofs read(ProofLedger ledger, Register register, Instant at) {
        return new Proofs(at, ledger.proofs(register.truth()), ledger.differences());
    }

    /** All of it in a line. */
    String summary() {
        if (proofs.isEmpty()) {
            return "nothing is proven equal yet";
        }
        List<Proof> broken = proofs.stream().filter(proof -> !proof.holds()).toList();
        if (!broken.isEmpty()) {
            Proof first = broken.get(0);
            return "proof void for " + broken.size() + " of " + proofs.size() + " databases: " + first.database() + ", "
                    + first.voidReason() + (broken.size() == 1 ? "" : "; …");
        }
        Instant oldest =
                proofs.stream().map(Proof::provenAt).min(Instant::compareTo).orElse(at);
        long rechecked = proofs.stream().mapToLong(Proof::rechecked).sum();
        long changed = rechecked + proofs.stream().mapToLong(Proof::passedOver).sum();
        return proofs.size() + " databases proven equal " + ago(oldest)
                + (changed == 0
                        ? ""
                        : ", " + Numbers.grouped(rechecked) + " changed keys compared again since ("
                                + Numbers.percent(rechecked, changed) + ")");
    }

    /** A line a database, and one a row that differs. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (Proof proof : proofs) {
            lines.add(String.format(Locale.ROOT, "%-8s ", proof.database().name())
                    + (proof.holds() ? "proven equal" : "VOID, " + proof.voidReason() + "; was proven equal")
                    + " to position " + shortened(proof.position()) + ", " + ago(proof.provenAt()) + ", by run "
                    + proof.runId()
                    + (proof.rechecked() + proof.passedOver() == 0
                            ? ""
                            : "; " + Numbers.grouped(proof.rechecked()) + " changed keys compared again since ("
                                    + Numbers.percent(proof.rechecked(), proof.rechecked() + proof.passedOver())
                                    + ")"));
        }
        differences.forEach(difference ->
                lines.add("! " + difference.describe() + ", found " + ago(difference.foundAt()) + " after a change"));
        return lines;
    }

    private String ago(Instant then) {
        Duration age = Duration.between(then, at);
        return Numbers.duration(age.isNegative() ? Duration.ZERO : age) + " ago";
    }

    private static String shortened(String set) {
        return set.length() <= SHOWN ? set : "…" + set.substring(set.length() - SHOWN);
    }

    /** Adds {@code proofs} and {@code openDifferences}. */
    public void into(ObjectNode node) {
        ArrayNode array = node.putArray("proofs");
        for (Proof proof : proofs) {
            ObjectNode one = array.addObject();
            one.put("database", proof.database().name());
            one.put("truth", proof.truth().name().toLowerCase(Locale.ROOT));
            one.put("position", proof.position());
            one.put("startedAt", Json.time(proof.startedAt()));
            one.put("provenAt", Json.time(proof.provenAt()));
            one.put("secondsAgo", Duration.between(proof.provenAt(), at).toMillis() / 1_000.0);
            one.put("runId", proof.runId());
            one.put("epoch", proof.epoch().number());
            one.put("rechecked", proof.rechecked());
            one.put("recheckedShare", proof.share());
            one.put("recheckedAt", Json.time(proof.recheckedAt()));
            one.put("void", proof.voidReason());
        }
        ArrayNode open = node.putArray("openDifferences");
        for (SeenDifference difference : differences) {
            open.addObject()
                    .put("table", difference.table())
                    .put("place", difference.place())
                    .put("key", difference.key())
                    .put("kind", difference.kind())
                    .put("foundAt", Json.time(difference.foundAt()))
                    .set("detail", Json.parse(difference.detailJson()));
        }
    }
}
