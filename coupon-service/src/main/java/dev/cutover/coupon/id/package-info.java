/** Names that clients see, such as {@code cpn_1024}: text comes in, numbers and slots go out; every room uses them. */
@NullMarked
package dev.cutover.coupon.id;

import org.jspecify.annotations.NullMarked;
