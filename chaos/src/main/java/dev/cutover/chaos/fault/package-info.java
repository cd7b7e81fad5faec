/** What breaks: processes that are killed or stopped, connections that are cut. */
@NullMarked
package dev.cutover.chaos.fault;

import org.jspecify.annotations.NullMarked;
