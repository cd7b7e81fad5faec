/** Clients of the bank: what they do, how they insist, what they write down. */
@NullMarked
package dev.cutover.chaos.load;

import org.jspecify.annotations.NullMarked;
