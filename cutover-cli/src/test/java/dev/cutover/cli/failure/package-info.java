/** Tests of this room. */
@NullMarked
package dev.cutover.cli.failure;

import org.jspecify.annotations.NullMarked;
