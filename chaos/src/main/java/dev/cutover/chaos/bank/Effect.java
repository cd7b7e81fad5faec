package dev.cutover.chaos.bank;

/** What a committed write came to, as its operation row says. */
record Effect(long result, long epoch, String side) {}
