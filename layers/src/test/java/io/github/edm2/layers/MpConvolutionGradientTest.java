package io.github.edm2.layers;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Layers with many weights for few pixels take another way to the gradients of ND4J's conv2d_bp.
 */
class MpConvolutionGradientTest {

    @ParameterizedTest
    @CsvSource({"3, 160, 192, 8", "5, 96, 112, 3", "3, 160, 192, 9", "3, 4, 5, 8"})
    void gradientsAreThoseOfTheConvolution(int kernel, int in, int out, int size) {
        MpConvolution layer = new MpConvolution.Builder(kernel).nIn(in).nOut(out).build();
        Nd4j.getRandom().setSeed(1);
        INDArray x = Nd4j.randn(DataType.FLOAT, 3, in, size, size);
        INDArray w = Nd4j.randn(DataType.FLOAT, out, in, kernel, kernel);
        INDArray epsilon = Nd4j.randn(DataType.FLOAT, 3, out, size, size);
        INDArray expectedX = x.ulike();
        INDArray expectedW = w.ulike();
        int padding = kernel / 2;
        Nd4j.exec(
                DynamicCustomOp.builder("conv2d_bp")
                        .addInputs(x, w, epsilon)
                        .addOutputs(expectedX, expectedW)
                        .addIntegerArguments(kernel, kernel, 1, 1, padding, padding, 1, 1, 0, 0, 1)
                        .build());
        INDArray dw = w.ulike();
        INDArray dx = layer.multiplyBackward(x, w, epsilon, dw, LayerWorkspaceMgr.noWorkspaces());
        assertClose(expectedX, dx);
        assertClose(expectedW, dw);
    }

    private static void assertClose(INDArray expected, INDArray actual) {
        double error =
                expected.sub(actual).amaxNumber().doubleValue()
                        / expected.amaxNumber().doubleValue();
        assertTrue(error < 1e-5, "error " + error);
    }
}
