/** The one row in each database that decides who may write there, and the steps that move it. */
@NullMarked
package dev.cutover.core.fence;

import org.jspecify.annotations.NullMarked;
