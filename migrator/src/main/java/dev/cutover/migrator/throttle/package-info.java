/** Holds a copy back: load of the source and lag of the stream come in, go or wait goes out; only the copy enters. */
@NullMarked
package dev.cutover.migrator.throttle;

import org.jspecify.annotations.NullMarked;
