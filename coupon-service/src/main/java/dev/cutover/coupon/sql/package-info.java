/** Statements with parameters and the meaning of MySQL's errors; the rooms that touch tables enter. */
@NullMarked
package dev.cutover.coupon.sql;

import org.jspecify.annotations.NullMarked;
