/** Reads projected rows by key or range and writes rows to a database; every module that touches user rows goes through here. */
@NullMarked
package dev.cutover.core.row;

import org.jspecify.annotations.NullMarked;
