package io.github.edm2.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/** Results are those of ND4J's convolution, also when the patches are used again. */
class PatchConvolutionTest {

    @ParameterizedTest
    @CsvSource({"1, 1, 3, 2", "3, 2, 5, 4", "2, 4, 3, 7", "1, 8, 2, 3", "2, 3, 1, 1"})
    void resultsAreThoseOfTheConvolution(int batch, int size, int in, int out) {
        Nd4j.getRandom().setSeed(1);
        PatchConvolution convolution = new PatchConvolution(batch, size, in, out);
        INDArray w = Nd4j.randn(DataType.DOUBLE, out, in, 3, 3);
        INDArray weight = PatchConvolution.weight(w);
        assertEquals(w, PatchConvolution.stored(weight));
        INDArray patches = Nd4j.zeros(DataType.DOUBLE, convolution.patchesLength());
        for (int run = 0; run < 2; run++) {
            INDArray x = Nd4j.randn(DataType.DOUBLE, batch, size, size, in);
            INDArray expected = Nd4j.create(DataType.DOUBLE, batch, size, size, out);
            Nd4j.exec(
                    DynamicCustomOp.builder("conv2d")
                            .addIntegerArguments(3, 3, 1, 1, 1, 1, 1, 1, 0, 1, 1)
                            .addInputs(x, w)
                            .addOutputs(expected)
                            .build());
            INDArray y = expected.ulike();
            convolution.forward(x, weight, y, patches).run();
            assertEquals(0, expected.sub(y).amaxNumber().doubleValue(), 1e-13);
        }
    }
}
