package io.github.edm2.models;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One thing has no plural, and large numbers have separators. */
class CountTest {

    @ParameterizedTest
    @CsvSource({"0, 0 classes", "1, 1 class", "2, 2 classes", "2000, '2,000 classes'"})
    void theNounFollowsTheNumber(long count, String text) {
        assertEquals(text, Count.of(count, "class", "classes"));
    }
}
