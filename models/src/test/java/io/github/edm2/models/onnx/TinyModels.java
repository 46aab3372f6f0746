package io.github.edm2.models.onnx;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Small networks in ONNX files and what PyTorch computed with them. */
final class TinyModels {

    /** Largest absolute difference from PyTorch. */
    static final double TOLERANCE = 1e-4;

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
        try (InputStream in = TinyModels.class.getResourceAsStream("/onnx/expected.npz");
                ZipInputStream zip = new ZipInputStream(in)) {
            for (ZipEntry e = zip.getNextEntry(); e != null; e = zip.getNextEntry()) {
                if (e.getName().equals(name + ".npy")) {
                    return Nd4j.createNpyFromByteArray(zip.readAllBytes());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw new IllegalArgumentException("there is no array " + name);
    }

    static double largestDifference(INDArray a, INDArray b) {
        return a.sub(b).amaxNumber().doubleValue();
    }
}
