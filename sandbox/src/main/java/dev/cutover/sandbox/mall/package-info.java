/**
 * Makes a legacy mall that looks lived in: a seed and sizes come in, a filled database and a manifest of everything planted
 * in it go out; tests, benchmarks and {@code cutover demo} may enter.
 */
@NullMarked
package dev.cutover.sandbox.mall;

import org.jspecify.annotations.NullMarked;
