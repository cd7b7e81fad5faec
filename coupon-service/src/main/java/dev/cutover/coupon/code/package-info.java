/**
 * Codes that somebody was given outside: batches of them are made and exported, a code and a user come in, one coupon goes out; the API
 * and the scheduler enter.
 */
@NullMarked
package dev.cutover.coupon.code;

import org.jspecify.annotations.NullMarked;
