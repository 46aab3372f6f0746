package io.github.edm2.models.metrics;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/** Subsets are of different numbers, in order, and come from the seed. */
class RandomSubsetTest {

    @Test
    void drawsDifferentNumbersInOrder() {
        int[] drawn = RandomSubset.of(100, 30, 1);
        Assertions.assertArrayEquals(Arrays.stream(drawn).sorted().distinct().toArray(), drawn);
        Assertions.assertEquals(30, drawn.length);
        Assertions.assertTrue(drawn[0] >= 0 && drawn[29] < 100, Arrays.toString(drawn));
        Assertions.assertArrayEquals(drawn, RandomSubset.of(100, 30, 1));
        Assertions.assertFalse(Arrays.equals(drawn, RandomSubset.of(100, 30, 2)));
    }

    @Test
    void allAndNoneArePossible() {
        Assertions.assertArrayEquals(IntStream.range(0, 7).toArray(), RandomSubset.of(7, 7, 3));
        Assertions.assertEquals(0, RandomSubset.of(7, 0, 3).length);
    }

    @Test
    void moreThanThereAreIsRefused() {
        FeatureStatisticsTest.assertMessage(
                "0 to 7 elements, got 8", () -> RandomSubset.of(7, 8, 3));
    }
}
