/**
 * The front door: the application's units of work and reads come in, they leave fenced, on the side that holds the truth, and mirrored
 * where the stage says so; the application calls nothing else of Cutover.
 */
@NullMarked
package dev.cutover.proxy;

import org.jspecify.annotations.NullMarked;
