/**
 * What clients, faults and commands come in as; one line of history.jsonl each goes out, and comes back in as records; anybody may enter, and no class here
 * knows the toolkit.
 */
@NullMarked
package dev.cutover.chaos.history;

import org.jspecify.annotations.NullMarked;
