/** The application under fire: a small bank on the proxy, over HTTP. */
@NullMarked
package dev.cutover.chaos.bank;

import org.jspecify.annotations.NullMarked;
