/** What a user asks for under an idempotency key, and what is answered: values only. */
@NullMarked
package dev.cutover.coupon.operation;

import org.jspecify.annotations.NullMarked;
