package io.github.edm2.examples.cli;

import io.github.edm2.models.metrics.RandomSubset;
import java.util.stream.IntStream;

/** How many images of a dataset metrics use, as the command line says. */
final class Subset {

    static final Setting<Integer> NUM =
            Setting.derived(
                    "num",
                    Kind.SMALL_COUNT,
                    "all",
                    "use only so many images of --data: a random subset by --seed");

    private Subset() {}

    /**
     * Chooses images.
     *
     * @param count how many --data has
     * @param num how many to use; null for all
     * @param seed of the drawing
     * @throws UsageException if there are not so many
     */
    static int[] of(int count, Integer num, long seed) {
        if (num == null) {
            return IntStream.range(0, count).toArray();
        }
        require(count, num);
        return RandomSubset.of(count, num, seed);
    }

    /**
     * Checks the number.
     *
     * @param count as for {@link #of}
     * @param num as for {@link #of}
     * @throws UsageException if there are not so many
     */
    static void require(int count, Integer num) {
        if (num != null && (num < ScoredImages.LEAST || num > count)) {
            throw new UsageException(
                    "--num must be from %d to %d, the images of --data, got %d"
                            .formatted(ScoredImages.LEAST, count, num));
        }
    }
}
