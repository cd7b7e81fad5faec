/** The front door of the command: arguments come in, an exit code goes out; nobody but the shell may enter. */
@NullMarked
package dev.cutover.cli;

import org.jspecify.annotations.NullMarked;
