/** Post-images of a committed unit come in, guarded writes on the other side go out, later or not at all; only intake hands over. */
@NullMarked
package dev.cutover.proxy.mirror;

import org.jspecify.annotations.NullMarked;
