@NullMarked
package dev.cutover.core.topology;

import org.jspecify.annotations.NullMarked;
