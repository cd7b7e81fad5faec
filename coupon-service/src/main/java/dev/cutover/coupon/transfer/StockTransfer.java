package dev.cutover.coupon.transfer;

import dev.cutover.core.fence.Epoch;
import dev.cutover.coupon.stock.StockId;

/**
 * Stock on its way from one shard database to another.
 *
 * @param id unique over all epochs, among those of its kind of stock
 * @param epoch the one its steps are allowed in: that of its beginning for whoever began it, that of now for whoever finishes it
 * @param quantity how many the debit may take; the leg says how many it took
 */
record StockTransfer(long id, Epoch epoch, StockId stock, int from, int to, long quantity) {}
