@NullMarked
package dev.cutover.core.routing;

import org.jspecify.annotations.NullMarked;
