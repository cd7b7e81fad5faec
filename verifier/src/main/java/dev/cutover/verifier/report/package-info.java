/**
 * What was proven and what was not: results come in, text, JSON, JUnit XML and one page go out. No value of a row is in any of them but the
 * page, and there only when somebody asked for it.
 */
@NullMarked
package dev.cutover.verifier.report;

import org.jspecify.annotations.NullMarked;
