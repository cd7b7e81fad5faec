/** How a command ends when it does not end well: a failed act comes in, one sentence, one fix and one exit code go out. */
@NullMarked
package dev.cutover.cli.failure;

import org.jspecify.annotations.NullMarked;
