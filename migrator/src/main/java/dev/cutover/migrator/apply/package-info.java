/**
 * Writes what changed: changed keys come in, the rows as the source holds them now go out to the target, position and rows in one guarded
 * transaction; the worker and the copy enter through {@link dev.cutover.migrator.apply.ApplyWorker}.
 */
@NullMarked
package dev.cutover.migrator.apply;

import org.jspecify.annotations.NullMarked;
