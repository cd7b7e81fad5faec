/** What a run stands on: servers behind wires, the processes of the bank, a plan. In goes a folder, out come processes that can be broken. */
@NullMarked
package dev.cutover.chaos.stand;

import org.jspecify.annotations.NullMarked;
