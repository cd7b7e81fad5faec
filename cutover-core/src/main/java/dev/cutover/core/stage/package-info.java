/** Where the migration stands: stages, the register moved by compare-and-set, leases, events, instances. */
@NullMarked
package dev.cutover.core.stage;

import org.jspecify.annotations.NullMarked;
