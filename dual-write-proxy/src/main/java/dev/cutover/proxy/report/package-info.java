/** Counts of all rooms come in, meters and heartbeats go out; every room may count. */
@NullMarked
package dev.cutover.proxy.report;

import org.jspecify.annotations.NullMarked;
