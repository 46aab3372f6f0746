package io.github.edm2.models.metrics;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Numbers drawn without replacement, each set of them as likely as any other. */
public final class RandomSubset {

    private RandomSubset() {}

    /**
     * A subset of the numbers from 0 to {@code count - 1}.
     *
     * @param count how many there are to choose from
     * @param size how many to draw, from 0 to {@code count}
     * @param seed of the drawing
     * @return in ascending order, so that files are read in theirs
     * @throws IllegalArgumentException if the size is out of range
     */
    public static int[] of(int count, int size, long seed) {
        if (size < 0 || size > count) {
            throw new IllegalArgumentException(
                    "A subset of %d must have from 0 to %d elements, got %d"
                            .formatted(count, count, size));
        }
        int[] drawn = draw(count, size, new SplittableRandom(seed));
        Arrays.sort(drawn);
        return drawn;
    }

    /** The first of a shuffled row of numbers (Fisher and Yates). */
    static int[] draw(int count, int size, SplittableRandom random) {
        int[] numbers = new int[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = i;
        }
        int[] drawn = new int[size];
        for (int i = 0; i < size; i++) {
            int other = random.nextInt(i, count);
            drawn[i] = numbers[other];
            numbers[other] = numbers[i];
        }
        return drawn;
    }
}
