/** Where the databases are: sides, database ids, servers, pinned sessions and pools; the one place that opens connections. */
@NullMarked
package dev.cutover.core.topology;

import org.jspecify.annotations.NullMarked;
