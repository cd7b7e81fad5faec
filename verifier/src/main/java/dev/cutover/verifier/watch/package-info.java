/** Verification that goes on by itself: a schedule and the keys the applier wrote come in, passes and checks of single rows go out; the worker and the command enter. */
@NullMarked
package dev.cutover.verifier.watch;

import org.jspecify.annotations.NullMarked;
