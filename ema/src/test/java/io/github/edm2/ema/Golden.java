package io.github.edm2.ema;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Numbers of the reference implementation, from an NPZ file among the test resources. */
final class Golden {

    /** Largest absolute difference of a coefficient or beta; several coefficients are around 1. */
    static final double TOLERANCE = 1e-9;

    private final Map<String, INDArray> arrays = new HashMap<>();

    Golden(String resource) {
        // Nd4j.createFromNpzFile fails on arrays without dimensions ("()" parsed as a length).
        try (InputStream in = Golden.class.getResourceAsStream("/golden/" + resource);
                ZipInputStream zip = new ZipInputStream(in)) {
            for (ZipEntry e = zip.getNextEntry(); e != null; e = zip.getNextEntry()) {
                String name = e.getName().substring(0, e.getName().length() - ".npy".length());
                arrays.put(name, Nd4j.createNpyFromByteArray(zip.readAllBytes()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    double[] vector(String name) {
        INDArray array = arrays.get(name).castTo(DataType.DOUBLE);
        return array.reshape(array.length()).toDoubleVector();
    }

    double[][] matrix(String name) {
        return arrays.get(name).castTo(DataType.DOUBLE).toDoubleMatrix();
    }

    long scalar(String name) {
        return (long) vector(name)[0];
    }
}
