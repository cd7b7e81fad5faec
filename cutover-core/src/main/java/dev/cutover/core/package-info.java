/** The front door of the dictionary: what every other room may fail with. */
@NullMarked
package dev.cutover.core;

import org.jspecify.annotations.NullMarked;
