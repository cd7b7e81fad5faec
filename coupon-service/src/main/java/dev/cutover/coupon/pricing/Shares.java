package dev.cutover.coupon.pricing;

import java.math.BigInteger;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Cuts an amount into shares that come to exactly that amount: the method of the largest remainder (Hamilton). */
final class Shares {
    private Shares() {}

    /**
     * A share for each weight, none larger than its weight.
     *
     * @param amount at most the sum of the weights
     */
    static long[] of(long amount, long[] weights) {
        long sum = 0;
        for (long weight : weights) {
            if (weight < 0) {
                throw new IllegalArgumentException("A weight is not negative: " + weight + ".");
            }
            sum = Math.addExact(sum, weight);
        }
        if (amount < 0 || amount > sum) {
            throw new IllegalArgumentException("Weights that come to " + sum + " cannot share " + amount + ".");
        }
        long[] shares = new long[weights.length];
        long[] remainders = new long[weights.length];
        long left = amount;
        for (int i = 0; i < weights.length && sum > 0; i++) {
            // The product of two orders' amounts does not fit a long.
            BigInteger[] part = BigInteger.valueOf(amount)
                    .multiply(BigInteger.valueOf(weights[i]))
                    .divideAndRemainder(BigInteger.valueOf(sum));
            shares[i] = part[0].longValueExact();
            remainders[i] = part[1].longValueExact();
            left -= shares[i];
        }
        // What is left is the sum of the fractions, each below one: so there are more fractions than units, and a share
        // that is rounded up was below its weight.
        IntStream.range(0, weights.length)
                .boxed()
                .sorted(Comparator.comparingLong((Integer i) -> remainders[i])
                        .reversed()
                        .thenComparing(Comparator.naturalOrder()))
                .limit(left)
                .forEach(i -> shares[i]++);
        return shares;
    }
}
