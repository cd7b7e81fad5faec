/** Why a module does not do what it was asked. */
@NullMarked
package dev.cutover.business.refusal;

import org.jspecify.annotations.NullMarked;
