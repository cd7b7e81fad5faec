/** One picocli command a file: words come in, a step or a reading is run, an exit code goes out; only the front door enters. */
@NullMarked
package dev.cutover.cli.command;

import org.jspecify.annotations.NullMarked;
