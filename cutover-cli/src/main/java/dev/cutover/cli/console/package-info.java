/** What a person or a script sees: results, notes and failures come in, text or JSON goes out; commands may enter. */
@NullMarked
package dev.cutover.cli.console;

import org.jspecify.annotations.NullMarked;
