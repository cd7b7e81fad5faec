/** What clients, faults and commands did, line by line: written while it happens, read by the checker. Knows nothing of the toolkit. */
@NullMarked
package dev.cutover.chaos.history;

import org.jspecify.annotations.NullMarked;
