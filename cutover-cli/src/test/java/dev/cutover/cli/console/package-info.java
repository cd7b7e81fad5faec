/** Tests of this room. */
@NullMarked
package dev.cutover.cli.console;

import org.jspecify.annotations.NullMarked;
