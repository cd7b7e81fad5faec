/**
 * Watches the binlog of the side that is not the truth for writes that nobody should have made: a register and servers come in, stray writes
 * go into the control database; the worker enters through {@link dev.cutover.migrator.watch.Watches}.
 */
@NullMarked
package dev.cutover.migrator.watch;

import org.jspecify.annotations.NullMarked;
