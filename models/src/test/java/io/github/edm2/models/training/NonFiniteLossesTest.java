package io.github.edm2.models.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Five steps in a row without a finite loss are too many, however many there were before. */
class NonFiniteLossesTest {

    private final NonFiniteLosses losses = new NonFiniteLosses();

    @Test
    void aFiniteLossStartsTheCountAnew() {
        for (int i = 1; i < NonFiniteLosses.MOST; i++) {
            assertEquals(i, losses.add(Double.NaN));
        }
        assertEquals(0, losses.add(0.5));
        assertFalse(losses.isLast());
        for (int i = 1; i < NonFiniteLosses.MOST; i++) {
            losses.add(Double.NEGATIVE_INFINITY);
            assertFalse(losses.areTooMany());
        }
        assertEquals(5, losses.add(Double.NaN));
        assertTrue(losses.areTooMany());
    }

    @Test
    void theLastLossAndTheCountAreDescribed() {
        losses.add(Double.POSITIVE_INFINITY);
        assertEquals("the loss is infinite in the last step", losses.describe());
        losses.add(Double.NaN);
        assertEquals("the loss is not a number (NaN) in 2 steps in a row", losses.describe());
    }
}
