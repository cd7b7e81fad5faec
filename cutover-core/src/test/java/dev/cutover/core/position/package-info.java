@NullMarked
package dev.cutover.core.position;

import org.jspecify.annotations.NullMarked;
