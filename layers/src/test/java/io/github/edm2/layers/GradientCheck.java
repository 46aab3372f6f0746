package io.github.edm2.layers;

import java.util.function.Supplier;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Assertions;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** DL4J's comparison of gradients with finite differences, in double precision. */
final class GradientCheck {

    private static final double STEP = 1e-6;
    private static final double RELATIVE = 1e-5;
    private static final double ABSOLUTE = 1e-8;

    private GradientCheck() {}

    /** Asserts the gradient of every parameter; DL4J logs those that fail. */
    static void assertGradients(ComputationGraph network, INDArray[] inputs, INDArray[] labels) {
        boolean passed =
                inDoublePrecision(
                        () ->
                                GradientCheckUtil.checkGradients(
                                        new GradientCheckUtil.GraphConfig()
                                                .net(network)
                                                .inputs(inputs)
                                                .labels(labels)
                                                .epsilon(STEP)
                                                .maxRelError(RELATIVE)
                                                .minAbsoluteError(ABSOLUTE)
                                                // The same dropout in every pass.
                                                .callEachIter(n -> Nd4j.getRandom().setSeed(7))));
        Assertions.assertTrue(passed, "backpropagated and numerical gradients differ, see the log");
    }

    private static <T> T inDoublePrecision(Supplier<T> action) {
        DataType before = Nd4j.dataType();
        Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
        try {
            return action.get();
        } finally {
            Nd4j.setDefaultDataTypes(before, before);
        }
    }
}
