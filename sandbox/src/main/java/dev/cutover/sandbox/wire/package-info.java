/**
 * What goes wrong between a client and a MySQL server: the port of a server comes in, a port that passes everything on goes out, and faults
 * begin and end while bytes flow; tests and chaos runs may enter, nothing that runs in production does.
 */
@org.jspecify.annotations.NullMarked
package dev.cutover.sandbox.wire;
