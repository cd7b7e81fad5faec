/** One class a stage, each with its gates, its run and its undo: an agreed command comes in, a moved register goes out; commands and the worker enter. */
@NullMarked
package dev.cutover.cli.step;

import org.jspecify.annotations.NullMarked;
