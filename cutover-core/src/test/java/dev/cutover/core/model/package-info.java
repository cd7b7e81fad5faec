/** In come the TLA+ models of the folder {@code models}; out goes TLC's verdict on each; only the build enters. */
@NullMarked
package dev.cutover.core.model;

import org.jspecify.annotations.NullMarked;
