/** What changes templates, their stock and their products: operators enter, each change leaves with a line in the audit log. */
@NullMarked
package dev.cutover.coupon.backoffice;

import org.jspecify.annotations.NullMarked;
