/**
 * Certified differences come in, a plan goes out, and under the applier's own guard the side that is not the truth is put right; the command
 * {@code repair} enters through {@link dev.cutover.verifier.repair.Repair}.
 */
@NullMarked
package dev.cutover.verifier.repair;

import org.jspecify.annotations.NullMarked;
