/** What moves and how it is cut: reads {@code cutover.yaml} into small validated records; everyone reads them, nobody changes them. */
@NullMarked
package dev.cutover.core.plan;

import org.jspecify.annotations.NullMarked;
