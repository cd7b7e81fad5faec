/** A whole migration on this machine: options come in, real servers, processes and load walk all stages, a proof goes out; one command enters. */
@NullMarked
package dev.cutover.cli.demo;

import org.jspecify.annotations.NullMarked;
