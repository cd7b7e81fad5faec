/**
 * The engine that moves rows: a plan and the register come in, rows of the side that holds the truth reach the other side; commands enter
 * through {@link dev.cutover.migrator.MigrationWorker}, {@link dev.cutover.migrator.StaticCopy}, {@link dev.cutover.migrator.ColdCopy}
 * and {@link dev.cutover.migrator.Preflight}.
 */
@NullMarked
package dev.cutover.migrator;

import org.jspecify.annotations.NullMarked;
