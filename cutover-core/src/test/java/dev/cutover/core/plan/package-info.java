@NullMarked
package dev.cutover.core.plan;

import org.jspecify.annotations.NullMarked;
