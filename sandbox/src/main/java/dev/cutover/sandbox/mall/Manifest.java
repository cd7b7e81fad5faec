package dev.cutover.sandbox.mall;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What was put into a legacy mall.
 *
 * @param seed what the rows were made from
 * @param nowMillis the moment the data is for, epoch milliseconds
 * @param rows rows of each legacy table
 * @param exceptions new table, then reason, then the source keys the migration must keep out for it, ascending
 * @param defects other things planted, by name: they must migrate as they are
 * @param drift template to (publish_count - rows of mall_coupon_user) - num, for limited templates where it is not 0
 * @param oversold a template that was issued more often than published: nothing is left of it, never less than nothing
 * @param claimable templates anyone can claim without limit for a year from now: unlimited, or with stock for millions
 * @param hot a template with a known stock, without a limit a user
 * @param highestUser every user above it holds nothing
 * @param spenders some users that hold usable coupons of claimable templates and no row that the migration keeps out
 */
public record Manifest(
        long seed,
        long nowMillis,
        SortedMap<String, Long> rows,
        SortedMap<String, SortedMap<String, List<Long>>> exceptions,
        SortedMap<String, Long> defects,
        SortedMap<Integer, Long> drift,
        int oversold,
        List<Integer> claimable,
        Hot hot,
        int highestUser,
        List<Integer> spenders) {

    /**
     * A template many want.
     *
     * @param template its id
     * @param stock what is left
     */
    public record Hot(int template, long stock) {}

    public Manifest {
        rows = new TreeMap<>(rows);
        exceptions = new TreeMap<>(exceptions);
        defects = new TreeMap<>(defects);
        drift = new TreeMap<>(drift);
        claimable = List.copyOf(claimable);
        spenders = List.copyOf(spenders);
    }

    Manifest(
            long seed,
            long nowMillis,
            Map<String, Long> rows,
            Map<String, SortedMap<String, List<Long>>> exceptions,
            Map<String, Long> defects,
            Map<Integer, Long> drift,
            int oversold,
            List<Integer> claimable,
            Hot hot,
            int highestUser,
            List<Integer> spenders) {
        this(
                seed,
                nowMillis,
                new TreeMap<>(rows),
                new TreeMap<>(exceptions),
                new TreeMap<>(defects),
                new TreeMap<>(drift),
                oversold,
                claimable,
                hot,
                highestUser,
                spenders);
    }

    /** How many rows the migration must keep out of a new table. */
    public long exceptionsOf(String newTable) {
        return exceptions.getOrDefault(newTable, new TreeMap<>()).values().stream()
                .mapToLong(List::size)
                .sum();
    }

    public void write(Path file) {
        try {
            Files.write(
                    file,
                    new ObjectMapper()
                            .enable(SerializationFeature.INDENT_OUTPUT)
                            .writeValueAsBytes(this));
        } catch (IOException e) {
            throw new UncheckedIOException("Could not write the manifest to " + file + ": " + e.getMessage(), e);
        }
    }

    public static Manifest read(Path file) {
        try {
            return new ObjectMapper().readValue(Files.readAllBytes(file), Manifest.class);
        } catch (IOException e) {
            throw new UncheckedIOException("Could not read the manifest " + file + ": " + e.getMessage(), e);
        }
    }
}
