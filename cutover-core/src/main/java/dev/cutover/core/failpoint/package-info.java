/** Named points of the code at which a test may kill, stop, delay or fail a process; inert unless a file says otherwise. */
@NullMarked
package dev.cutover.core.failpoint;

import org.jspecify.annotations.NullMarked;
