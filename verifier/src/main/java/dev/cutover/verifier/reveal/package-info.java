/** Shows what differing rows hold: differences come in, values that nobody masked go out; only who has written down why may enter. */
@NullMarked
package dev.cutover.verifier.reveal;

import org.jspecify.annotations.NullMarked;
