/** A whole run from servers to verdict; the entry points. */
@NullMarked
package dev.cutover.chaos.run;

import org.jspecify.annotations.NullMarked;
