package io.github.edm2.layers.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Batches are computed in parts side by side. */
class WorkersTest {

    @ParameterizedTest
    @CsvSource({
        "1, 2, 1", "2, 2, 2", "3, 2, 1", "7, 2, 2", "5, 1, 1", // two processors, and one
        "4, 6, 2", "4, 16, 4", "10, 16, 2", "16, 16, 16", "64, 16, 16"
    })
    void noProcessorIsLeftWithoutWorkOrWaitsForLong(long batch, int threads, int parts) {
        assertEquals(parts, Workers.parts(batch, threads));
    }
}
