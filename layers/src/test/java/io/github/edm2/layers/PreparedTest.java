package io.github.edm2.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.edm2.layers.plan.Prepared;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Prepared operations see new numbers in their arrays, and refuse arrays of wrong shapes. */
class PreparedTest {

    @Test
    void runsAgainOnNewNumbers() {
        INDArray a = Nd4j.createFromArray(1f, 2f);
        INDArray b = Nd4j.createFromArray(3f, 4f);
        INDArray out = a.ulike();
        Runnable product = Prepared.multiply(a, b, out);
        product.run();
        assertEquals(Nd4j.createFromArray(3f, 8f), out);
        a.assign(5);
        product.run();
        assertEquals(Nd4j.createFromArray(15f, 20f), out);
    }

    /** Which is not seen again when it runs: it would write behind the array. */
    @Test
    void refusesAnOutputOfAnotherShape() {
        INDArray a = Nd4j.zeros(2, 3);
        INDArray b = Nd4j.zeros(3, 4);
        IllegalArgumentException refused =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> Prepared.matmul(a, b, Nd4j.zeros(2, 3), false, false));
        assertEquals("matmul gives an array of shape [2, 4], not [2, 3]", refused.getMessage());
        assertThrows(
                IllegalArgumentException.class,
                () -> Prepared.add(a, Nd4j.zeros(1, 3), Nd4j.zeros(1, 3)));
    }

    @Test
    void siluOfNegatedNumbersIsNegatedSilu() {
        INDArray x = Nd4j.createFromArray(-20f, -1f, 0f, 0.5f, 3f);
        INDArray y = x.ulike();
        INDArray ofNegated = x.ulike();
        MpSilu.silu(x, 1, y, x.ulike()).run();
        MpSilu.silu(x.neg(), -1, ofNegated, x.ulike()).run();
        assertEquals(y, ofNegated.neg());
    }
}
