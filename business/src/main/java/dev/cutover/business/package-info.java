/** One process with the business modules: each has rules, routes and tables of its own, and knows of coupons what the coupon service's API says. */
@NullMarked
package dev.cutover.business;

import org.jspecify.annotations.NullMarked;
