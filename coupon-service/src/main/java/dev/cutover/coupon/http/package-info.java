/** The coupon API over HTTP: requests come in, JSON and the error vocabulary go out; nothing else in the house knows HTTP. */
@NullMarked
package dev.cutover.coupon.http;

import org.jspecify.annotations.NullMarked;
