/** Who types the commands: an operator who is interrupted, and what the register then says. In goes a stand, out come moves of the truth. */
@NullMarked
package dev.cutover.chaos.operate;

import org.jspecify.annotations.NullMarked;
