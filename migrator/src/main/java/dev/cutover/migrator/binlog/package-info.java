/** What both readers of the binlog, the stream and the watch, do alike. */
@NullMarked
package dev.cutover.migrator.binlog;

import org.jspecify.annotations.NullMarked;
