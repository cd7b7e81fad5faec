@org.jspecify.annotations.NullMarked
package dev.cutover.verifier.report;
