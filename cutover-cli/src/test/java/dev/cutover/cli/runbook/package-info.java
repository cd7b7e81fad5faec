/** The pages of the runbooks as tests: a page comes in, its commands are typed in a sandbox, and what it promises is compared with what is printed. */
@NullMarked
package dev.cutover.cli.runbook;

import org.jspecify.annotations.NullMarked;
