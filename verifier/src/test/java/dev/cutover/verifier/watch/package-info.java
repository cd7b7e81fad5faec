@NullMarked
package dev.cutover.verifier.watch;

import org.jspecify.annotations.NullMarked;
