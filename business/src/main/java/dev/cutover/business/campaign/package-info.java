/** An advertiser pays for coupons that are used, up to a budget. */
@NullMarked
package dev.cutover.business.campaign;

import org.jspecify.annotations.NullMarked;
