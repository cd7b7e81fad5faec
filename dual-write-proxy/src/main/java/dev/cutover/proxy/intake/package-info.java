/** A unit of work comes in, a committed (or not begun) fenced transaction goes out; only the front door enters. */
@NullMarked
package dev.cutover.proxy.intake;

import org.jspecify.annotations.NullMarked;
