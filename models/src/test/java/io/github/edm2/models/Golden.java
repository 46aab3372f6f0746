package io.github.edm2.models;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Assertions;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** Reference numbers: the arrays of one NPZ file among the test resources, by name. */
public final class Golden {

    /** Relative tolerance of float32 outputs. */
    public static final double OUTPUT = 1e-5;

    /** Relative tolerance of float32 gradients. */
    public static final double GRADIENT = 1e-4;

    private final Map<String, INDArray> arrays = new LinkedHashMap<>();

    private Golden() {}

    /** Reads {@code golden/NAME.npz}. */
    public static Golden read(String name) {
        return of("/golden/" + name + ".npz");
    }

    /** Reads an NPZ file among the test resources. */
    public static Golden of(String resource) {
        Golden golden = new Golden();
        try (ZipInputStream zip = new ZipInputStream(Golden.class.getResourceAsStream(resource))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                String array = entry.getName().replaceFirst("\\.npy$", "");
                golden.arrays.put(array, Nd4j.createNpyFromByteArray(zip.readAllBytes()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return golden;
    }

    /** Reads {@code golden/NAME.json}. */
    public static JsonNode json(String name) {
        try (InputStream in = Golden.class.getResourceAsStream("/golden/" + name + ".json")) {
            return new ObjectMapper().readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One array. */
    public INDArray get(String name) {
        INDArray array = arrays.get(name);
        Assertions.assertNotNull(array, () -> "no golden array " + name + " in " + arrays.keySet());
        return array;
    }

    public boolean has(String name) {
        return arrays.containsKey(name);
    }

    /** All arrays under {@code prefix/}, by the rest of their names. */
    public Map<String, INDArray> under(String prefix) {
        Map<String, INDArray> result = new TreeMap<>();
        arrays.forEach(
                (name, array) -> {
                    if (name.startsWith(prefix + "/")) {
                        result.put(name.substring(prefix.length() + 1), array);
                    }
                });
        return result;
    }

    /**
     * Asserts that no element differs by more than the tolerance times the largest magnitude
     * expected.
     */
    public static void assertClose(
            INDArray expected, INDArray actual, double tolerance, String what) {
        Assertions.assertEquals(expected.length(), actual.length(), what + ": number of elements");
        INDArray e = expected.castTo(DataType.DOUBLE).dup('c').reshape(expected.length());
        INDArray a = actual.castTo(DataType.DOUBLE).dup('c').reshape(actual.length());
        Assertions.assertEquals(
                0, a.isNaN().castTo(DataType.INT32).sumNumber().intValue(), what + ": NaN");
        double scale = Math.max(e.amaxNumber().doubleValue(), 1e-30);
        double error = e.sub(a).amaxNumber().doubleValue() / scale;
        Assertions.assertTrue(
                error <= tolerance,
                () -> "%s: relative error %.3g, tolerance %.3g".formatted(what, error, tolerance));
    }
}
