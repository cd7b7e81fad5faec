/** Judges a run by its history, the final tables and every binlog; in goes evidence, out come violations. Shares no code with what it checks. */
@NullMarked
package dev.cutover.chaos.checker;

import org.jspecify.annotations.NullMarked;
