/** Figures of the whole: what is measured with every server and process in place. In goes a name, out come lines of JSON. */
@NullMarked
package dev.cutover.chaos.bench;

import org.jspecify.annotations.NullMarked;
