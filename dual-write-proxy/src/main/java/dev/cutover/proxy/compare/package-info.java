/** Reads come in, results of the right side go out; a share of them is compared with the other side; only the front door enters. */
@NullMarked
package dev.cutover.proxy.compare;

import org.jspecify.annotations.NullMarked;
