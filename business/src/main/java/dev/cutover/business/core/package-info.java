/** The coupon service as its API tells it; the only room that speaks to it. */
@NullMarked
package dev.cutover.business.core;

import org.jspecify.annotations.NullMarked;
