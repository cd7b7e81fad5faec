package dev.cutover.core.fence;

import dev.cutover.core.position.GtidSet;

/**
 * How far one stream has been applied in one database.
 *
 * @param set every transaction of the source whose effect is here
 * @param epoch the epoch the stream began in
 * @param owner the number of the worker that may move it; each one that takes over raises it
 */
public record Position(GtidSet set, Epoch epoch, long owner) {}
