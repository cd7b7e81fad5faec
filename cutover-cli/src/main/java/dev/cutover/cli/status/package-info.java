/** Where the migration stands, read from the control database alone: commands come in, one picture goes out as text, line or JSON. */
@NullMarked
package dev.cutover.cli.status;

import org.jspecify.annotations.NullMarked;
