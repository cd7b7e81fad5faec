/** A small shop on one real server, with a plan file, a worker and writers through the proxy: what the ITs of the command run against. */
@NullMarked
package dev.cutover.cli.shop;

import org.jspecify.annotations.NullMarked;
