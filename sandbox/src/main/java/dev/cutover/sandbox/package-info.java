/**
 * Starts and stops real servers on this machine: options come in, a running mysqld or redis-server on a loopback port goes
 * out; tests, benchmarks and {@code cutover demo} may enter, nothing that runs in production does.
 */
@org.jspecify.annotations.NullMarked
package dev.cutover.sandbox;
