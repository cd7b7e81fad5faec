/** Each fault of the wire against a real server and a real driver. */
@NullMarked
package dev.cutover.sandbox.wire;

import org.jspecify.annotations.NullMarked;
