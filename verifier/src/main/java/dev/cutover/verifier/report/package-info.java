/** What was proven and what was not: results come in, text and JSON without any value of a row go out. */
@NullMarked
package dev.cutover.verifier.report;

import org.jspecify.annotations.NullMarked;
