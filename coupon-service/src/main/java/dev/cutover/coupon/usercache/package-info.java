/** What users have not used yet, in Redis; pages are shown from it, and nothing is ever decided by it. */
@NullMarked
package dev.cutover.coupon.usercache;

import org.jspecify.annotations.NullMarked;
