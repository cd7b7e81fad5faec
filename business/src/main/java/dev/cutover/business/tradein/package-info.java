/** A device traded in is worth a coupon for a new one. */
@NullMarked
package dev.cutover.business.tradein;

import org.jspecify.annotations.NullMarked;
