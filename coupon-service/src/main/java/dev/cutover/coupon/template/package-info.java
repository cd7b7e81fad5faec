/** What can be claimed and on what terms, read from whichever side holds the truth and kept for seconds; claims and reads enter. */
@NullMarked
package dev.cutover.coupon.template;

import org.jspecify.annotations.NullMarked;
