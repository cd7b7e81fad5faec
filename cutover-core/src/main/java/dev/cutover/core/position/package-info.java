/** GTID sets as values: how far a stream has come. */
@NullMarked
package dev.cutover.core.position;

import org.jspecify.annotations.NullMarked;
