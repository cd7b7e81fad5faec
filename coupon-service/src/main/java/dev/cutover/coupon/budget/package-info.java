/** Uses that draw on the budgets of templates: their money is brought from another shard database, or they are refused. */
@NullMarked
package dev.cutover.coupon.budget;

import org.jspecify.annotations.NullMarked;
