/** Looks at servers and tables before a migration starts: a plan comes in, findings with a way out go out; only the front door enters. */
@NullMarked
package dev.cutover.migrator.preflight;

import org.jspecify.annotations.NullMarked;
