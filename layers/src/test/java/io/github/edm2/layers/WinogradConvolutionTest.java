package io.github.edm2.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Results and gradients are those of ND4J's convolution, whatever its working memory held before.
 */
class WinogradConvolutionTest {

    private static final int NHWC = 1;
    private static final int OIYX = 1;

    private final Arrays arrays = new Arrays();

    /** In one block and in several, with and without a remainder of groups of four rows. */
    @ParameterizedTest
    @CsvSource({
        "1, 4, 1, 1",
        "3, 8, 5, 3",
        "2, 7, 3, 4",
        "1, 2, 2, 3",
        "8, 33, 2, 3",
        "16, 37, 3, 2",
        "2, 64, 3, 2"
    })
    void resultsAndGradientsAreThoseOfTheConvolution(int batch, int size, int in, int out) {
        arrays.make(DataType.DOUBLE, batch, size, in, out);

        arrays.forward();
        assertEquals(0, relativeError(arrays.convolution(), arrays.y), 1e-14);
        INDArray first = arrays.y.dup();
        arrays.forwardOfWeight();
        assertEquals(first, arrays.y);

        arrays.gradient();
        INDArray dx = arrays.x.ulike();
        INDArray dw = arrays.w.ulike();
        Nd4j.exec(
                convolution("conv2d_bp")
                        .addInputs(arrays.x, arrays.w, arrays.g)
                        .addOutputs(dx, dw)
                        .build());
        assertEquals(0, relativeError(dx, arrays.dx), 1e-14);
        assertEquals(0, relativeError(dw, arrays.dw), 1e-14);
    }

    /** Of the plain sums it is 2.5e-7 with 256 channels. */
    @Test
    void roundingErrorOfSinglePrecisionIsBelowOneMillionth() {
        arrays.make(DataType.FLOAT, 1, 16, 256, 64);
        arrays.forward();
        INDArray single = arrays.y.castTo(DataType.DOUBLE);

        arrays.castTo(DataType.DOUBLE);
        INDArray exact = arrays.convolution();
        assertTrue(!single.equals(exact));
        assertEquals(0, relativeError(exact, single), 1e-6);
    }

    private static double relativeError(INDArray expected, INDArray actual) {
        return expected.sub(actual).norm2Number().doubleValue()
                / expected.norm2Number().doubleValue();
    }

    private static DynamicCustomOp.DynamicCustomOpsBuilder convolution(String name) {
        return DynamicCustomOp.builder(name)
                .addIntegerArguments(3, 3, 1, 1, 1, 1, 1, 1, 0, NHWC, OIYX);
    }

    /** A convolution's arrays, random where it reads them first and not a number elsewhere. */
    private static final class Arrays {
        private WinogradConvolution tested;
        private INDArray x;
        private INDArray w;
        private INDArray g;
        private INDArray y;
        private INDArray dx;
        private INDArray dw;
        private INDArray memory;

        void make(DataType type, long batch, int size, long in, long out) {
            tested = new WinogradConvolution(batch, size, in, out);
            Nd4j.getRandom().setSeed(1);
            x = Nd4j.randn(type, batch, size, size, in);
            w = Nd4j.randn(type, out, in, 3, 3);
            g = Nd4j.randn(type, batch, size, size, out);
            y = undefined(type, g.shape());
            dx = undefined(type, x.shape());
            dw = undefined(type, w.shape());
            memory = undefined(type, tested.memoryLengthWithWeight());
        }

        private static INDArray undefined(DataType type, long... shape) {
            return Nd4j.valueArrayOf(shape, Double.NaN, type);
        }

        void castTo(DataType type) {
            x = x.castTo(type);
            w = w.castTo(type);
        }

        void forward() {
            tested.forward(x, tested.weight(w), y, memory).run();
        }

        void forwardOfWeight() {
            tested.forwardOfWeight(x, w, y, memory).run();
        }

        void gradient() {
            tested.gradient(x, w, g, dx, dw, memory).run();
        }

        INDArray convolution() {
            INDArray result = Nd4j.create(x.dataType(), x.size(0), x.size(1), x.size(2), w.size(0));
            Nd4j.exec(
                    WinogradConvolutionTest.convolution("conv2d")
                            .addInputs(x, w)
                            .addOutputs(result)
                            .build());
            return result;
        }
    }
}
