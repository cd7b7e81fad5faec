/** The modules over HTTP. */
@NullMarked
package dev.cutover.business.http;

import org.jspecify.annotations.NullMarked;
