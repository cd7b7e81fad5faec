/**
 * A history, the final tables of all servers and their binlog files come in; what of the promise they contradict goes out; `run` and tests may enter, and no
 * class here knows the toolkit, whose code is what it judges.
 */
@NullMarked
package dev.cutover.chaos.checker;

import org.jspecify.annotations.NullMarked;
