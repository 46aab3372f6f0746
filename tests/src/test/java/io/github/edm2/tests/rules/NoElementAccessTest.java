package io.github.edm2.tests.rules;

import io.github.edm2.ema.EmaListener;
import io.github.edm2.layers.MpConvolution;
import io.github.edm2.layers.plan.Training;
import io.github.edm2.models.diffusion.UncertaintyLoss;
import io.github.edm2.models.sampling.HeunSampler;
import io.github.edm2.models.training.FiniteAdam;
import io.github.edm2.models.unet.GraphAssembler;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * No class on the path of a step reads or writes single elements of arrays, which on a GPU would
 * wait for the device each time. The compiled classes are searched for calls of such methods.
 */
class NoElementAccessTest {

    /** Methods that bring elements to Java, or take them from there. */
    private static final Set<String> FORBIDDEN =
            Set.of(
                    "getDouble",
                    "getDoubleUnsafe",
                    "getFloat",
                    "getInt",
                    "getLong",
                    "getNumber",
                    "getString",
                    "item",
                    "element",
                    "scalar",
                    "getScalar",
                    "putScalar",
                    "putScalarUnsafe",
                    "toFloatVector",
                    "toFloatMatrix",
                    "toDoubleVector",
                    "toDoubleMatrix",
                    "toIntVector",
                    "toIntMatrix",
                    "toLongVector",
                    "toLongMatrix",
                    "toStringFull",
                    "data",
                    "asFloat",
                    "asDouble",
                    "asInt",
                    "asLong",
                    "asNioFloat",
                    "pointer",
                    "all",
                    "any",
                    "none");

    private static final Set<String> OWNERS =
            Set.of("INDArray", "BaseNDArray", "NDArray", "DataBuffer", "SDVariable");

    /** Calls that are not on the path of a step, or happen once in it, and why. */
    private static final Map<String, String> ALLOWED =
            Map.of(
                    "DiffusionOutput$Runtime: INDArray.sumNumber",
                    "the score, which DL4J's interface wants as a Java number, once a step",
                    "HeldOutLoss: INDArray.sumNumber",
                    "an evaluation between steps",
                    "NonFiniteLayers: INDArray.sumNumber",
                    "the search for the layer that failed, once before a training ends",
                    "SafetensorsWriter: INDArray.amaxNumber",
                    "the range check of a half-precision snapshot that is being stored",
                    "RowGroups: INDArray.data",
                    "views of every fourth row, made once for all steps",
                    "TensorBuffer: INDArray.data",
                    "the copy of a tensor between memory and a snapshot file",
                    "WeightsSink: INDArray.data",
                    "the memory that reconstructed averages are put into piece by piece",
                    "WeightsSink: DataBuffer.pointer",
                    "the same");

    @ParameterizedTest
    @ValueSource(
            classes = {
                MpConvolution.class,
                Training.class,
                GraphAssembler.class,
                UncertaintyLoss.class,
                HeunSampler.class,
                FiniteAdam.class,
                EmaListener.class
            })
    void packageOf(Class<?> member) throws IOException, URISyntaxException {
        Set<String> found = elementAccess(member);
        found.removeAll(ALLOWED.keySet());
        Assertions.assertEquals(Set.of(), found, "element access in the package of " + member);
    }

    @Test
    void searchFindsWhatItLooksFor() throws IOException {
        Set<String> calls = new TreeSet<>();
        try (InputStream in =
                Offender.class.getResourceAsStream("NoElementAccessTest$Offender.class")) {
            CalledMethods.of(in).stream()
                    .filter(NoElementAccessTest::isElementAccess)
                    .forEach(call -> calls.add(call.toString()));
        }
        Assertions.assertEquals(
                Set.of("INDArray.getDouble", "INDArray.maxNumber", "INDArray.putScalar"), calls);
    }

    /** Calls of forbidden methods in the package of a class, as "Class: INDArray.method". */
    private static Set<String> elementAccess(Class<?> member)
            throws IOException, URISyntaxException {
        String folder = member.getPackageName().replace('.', '/');
        Map<String, Set<CalledMethods.Call>> calls = new TreeMap<>();
        URI place = member.getProtectionDomain().getCodeSource().getLocation().toURI();
        Path root = Path.of(place);
        if (Files.isDirectory(root)) {
            read(root.resolve(folder), calls);
        } else {
            try (FileSystem jar = FileSystems.newFileSystem(root)) {
                read(jar.getPath(folder), calls);
            }
        }
        Assertions.assertFalse(calls.isEmpty(), "no classes in " + folder);
        Set<String> found = new TreeSet<>();
        calls.forEach(
                (name, methods) ->
                        methods.stream()
                                .filter(NoElementAccessTest::isElementAccess)
                                .forEach(call -> found.add(name + ": " + call)));
        return found;
    }

    private static void read(Path folder, Map<String, Set<CalledMethods.Call>> calls)
            throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
                try (InputStream in = Files.newInputStream(file)) {
                    String name = file.getFileName().toString().replace(".class", "");
                    calls.put(name, CalledMethods.of(in));
                }
            }
        }
    }

    private static boolean isElementAccess(CalledMethods.Call call) {
        return OWNERS.contains(call.owner())
                && (FORBIDDEN.contains(call.name()) || call.name().endsWith("Number"));
    }

    /** What must not be done. */
    private static final class Offender {
        double offend() {
            INDArray x = Nd4j.ones(2);
            x.putScalar(0, x.getDouble(1));
            return x.maxNumber().doubleValue();
        }
    }
}
