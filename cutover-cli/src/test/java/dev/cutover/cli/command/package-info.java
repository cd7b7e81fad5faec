/** Tests of this room. */
@NullMarked
package dev.cutover.cli.command;

import org.jspecify.annotations.NullMarked;
