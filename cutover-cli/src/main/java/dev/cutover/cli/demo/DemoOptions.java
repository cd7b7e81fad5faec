package dev.cutover.cli.demo;

import dev.cutover.core.routing.ShardLayout;

/**
 * How big a demo is.
 *
 * @param rows coupons of users in the legacy mall
 * @param rate writes a second while everything moves
 * @param layout databases and tables; databases are split over two servers
 * @param keep whether the folder outlives the demo
 * @param plantCorruption whether one value on a shard is changed behind everybody's back
 */
public record DemoOptions(int rows, int rate, ShardLayout layout, boolean keep, boolean plantCorruption) {
    private static final int LEAST_ROWS = 1_000;

    public DemoOptions {
        if (rows < LEAST_ROWS || rate < 1 || layout.databases() % 2 != 0) {
            throw new IllegalArgumentException("A demo wants at least " + LEAST_ROWS
                    + " rows, one write a second and an even number of databases, not " + rows + ", " + rate + " and "
                    + layout.databases() + ".");
        }
    }
}
