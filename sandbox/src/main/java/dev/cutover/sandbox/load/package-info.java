/**
 * Load on the coupon API with a known truth: addresses and a rate come in, what was acknowledged, lost, slow or wrong goes
 * out; knows the API and the schemas by their documentation only and shares no code with what it checks.
 */
@NullMarked
package dev.cutover.sandbox.load;

import org.jspecify.annotations.NullMarked;
