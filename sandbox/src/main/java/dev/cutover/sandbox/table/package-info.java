/** Made-up tables of every kind: keys and columns go in, SQL and plans come out; no server enters. */
@NullMarked
package dev.cutover.sandbox.table;

import org.jspecify.annotations.NullMarked;
