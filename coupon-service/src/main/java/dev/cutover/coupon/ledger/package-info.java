/** What happened to each coupon while NEW held the truth: acts come in with their transaction, and go out in an order without gaps. */
@NullMarked
package dev.cutover.coupon.ledger;

import org.jspecify.annotations.NullMarked;
