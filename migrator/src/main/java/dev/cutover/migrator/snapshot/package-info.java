/**
 * Copies what is there: tables are cut into chunks, chunks are read through the projection and written between the batches of the stream;
 * the worker and the commands enter.
 */
@NullMarked
package dev.cutover.migrator.snapshot;

import org.jspecify.annotations.NullMarked;
