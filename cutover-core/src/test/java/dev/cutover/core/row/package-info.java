@NullMarked
package dev.cutover.core.row;

import org.jspecify.annotations.NullMarked;
