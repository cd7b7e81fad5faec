/** Shard key to physical table: pure, total, the same in Java and in SQL. */
@NullMarked
package dev.cutover.core.routing;

import org.jspecify.annotations.NullMarked;
