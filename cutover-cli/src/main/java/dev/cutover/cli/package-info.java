/** TODO by its owner. */
@org.jspecify.annotations.NullMarked
package dev.cutover.cli;
