/** Tells a row in flight from a row that differs: suspects come in, each leaves with a certificate, as settled, or as hot. */
@NullMarked
package dev.cutover.verifier.recheck;

import org.jspecify.annotations.NullMarked;
