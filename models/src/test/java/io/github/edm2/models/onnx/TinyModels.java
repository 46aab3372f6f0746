package io.github.edm2.models.onnx;

import io.github.edm2.models.Golden;
import java.net.URISyntaxException;
import java.nio.file.Path;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Small networks in ONNX files and what PyTorch computed with them. */
final class TinyModels {

    /** Largest absolute difference from PyTorch. */
    static final double TOLERANCE = 1e-4;

    private static final Golden EXPECTED = Golden.of("/onnx/expected.npz");

    private TinyModels() {}

    static Path file(String model) {
        try {
            return Path.of(TinyModels.class.getResource("/onnx/" + model + ".onnx").toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** For example {@code tiny-detector/in}. */
    static INDArray expected(String name) {
        return EXPECTED.get(name);
    }

    static double largestDifference(INDArray a, INDArray b) {
        return a.sub(b).amaxNumber().doubleValue();
    }
}
