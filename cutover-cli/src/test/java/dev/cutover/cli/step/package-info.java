/** Tests of this room. */
@NullMarked
package dev.cutover.cli.step;

import org.jspecify.annotations.NullMarked;
