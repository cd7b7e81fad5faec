/** From an unequal cell to the keys and columns that differ: unequal cells come in, suspects and named differences go out. */
@NullMarked
package dev.cutover.verifier.drill;

import org.jspecify.annotations.NullMarked;
