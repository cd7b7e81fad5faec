/** Are both sides the same, as of a position: a plan and its databases come in, a verdict with its evidence goes out; the CLI and the worker enter here. */
@NullMarked
package dev.cutover.verifier;

import org.jspecify.annotations.NullMarked;
