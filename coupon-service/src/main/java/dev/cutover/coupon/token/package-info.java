/** Applications and their tokens: the text of a header comes in, who calls and what is theirs goes out; the front of the service enters. */
@NullMarked
package dev.cutover.coupon.token;

import org.jspecify.annotations.NullMarked;
