/** The dual-write proxy as this service sees it; the only room that knows the proxy. */
@NullMarked
package dev.cutover.coupon.gate;

import org.jspecify.annotations.NullMarked;
