/** Cells (key range x physical table) of strong checksums: a table's SQL comes in, unequal cells go out; only the verifier's front door enters. */
@NullMarked
package dev.cutover.verifier.grid;

import org.jspecify.annotations.NullMarked;
