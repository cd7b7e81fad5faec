/** For whom a template is: a user and what a request says come in, who is turned away and why goes out; claims and the back office enter. */
@NullMarked
package dev.cutover.coupon.tag;

import org.jspecify.annotations.NullMarked;
