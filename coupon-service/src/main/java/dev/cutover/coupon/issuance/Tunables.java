package dev.cutover.coupon.issuance;

/**
 * What may be changed while a task runs; a worker reads it anew before each step.
 *
 * @param batchSize the most rows of one INSERT, bounded by what a packet to the server may hold
 * @param readBatchSize users a step: one transaction in one database
 * @param messageUsers the most users of one message
 * @param rate users a second over all workers, 0 for as fast as it goes
 */
public record Tunables(int batchSize, int readBatchSize, int messageUsers, int rate) {
    public static final int MOST_BATCH = 2_000;
    public static final int MOST_READ_BATCH = 20_000;
    public static final int MOST_MESSAGE_USERS = 5_000;
    public static final int MOST_RATE = 1_000_000;
    public static final Tunables USUAL = new Tunables(1_000, 4_000, 500, 0);

    public Tunables {
        require("batch_size", batchSize, 1, MOST_BATCH);
        require("read_batch_size", readBatchSize, 1, MOST_READ_BATCH);
        require("message_users", messageUsers, 1, MOST_MESSAGE_USERS);
        require("rate", rate, 0, MOST_RATE);
    }

    private static void require(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    "'" + name + "' is " + value + ": expected " + least + " to " + most + ".");
        }
    }
}
