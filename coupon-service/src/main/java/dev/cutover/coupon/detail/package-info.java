/** Details of coupons for products in stores, near their readers: in this process, in Redis, in MySQL. Keys come in, details go out; who serves pages and who builds caches may enter. */
@NullMarked
package dev.cutover.coupon.detail;

import org.jspecify.annotations.NullMarked;
