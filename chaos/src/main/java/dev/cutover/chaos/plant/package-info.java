/** Bugs planted on real servers and real processes, to prove that the checker finds each; a run with one of them in, what it found out. */
@NullMarked
package dev.cutover.chaos.plant;

import org.jspecify.annotations.NullMarked;
