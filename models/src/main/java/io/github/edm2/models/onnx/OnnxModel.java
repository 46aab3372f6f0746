package io.github.edm2.models.onnx;

import io.github.edm2.models.OptionalLibrary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A network in an ONNX file, run on the CPU by ONNX Runtime, on arrays of ND4J. Its answers do not
 * depend on the number of threads beyond rounding. Holds native memory until {@link #close}. Safe
 * for use by many threads.
 */
public final class OnnxModel implements AutoCloseable {

    private final Path file;
    private final OrtNetwork network;

    private OnnxModel(Path file, OrtNetwork network) {
        this.file = file;
        this.network = network;
    }

    /**
     * Opens a file with as many threads as ONNX Runtime chooses: one per core.
     *
     * @throws OnnxException as {@link #open(Path, int)}
     */
    public static OnnxModel open(Path file) {
        return open(file, 0);
    }

    /**
     * Opens a file.
     *
     * @param threads threads that share the work of one operation, at least 0; 0 for one per core
     * @throws OnnxException if there is no such file or it holds no ONNX network that can be run,
     *     or ONNX Runtime ({@link OptionalLibrary#ONNX_RUNTIME}) is missing
     */
    public static OnnxModel open(Path file, int threads) {
        if (threads < 0) {
            throw new IllegalArgumentException("threads must be at least 0, got " + threads);
        }
        if (!Files.isRegularFile(file)) {
            throw new OnnxException(
                    "There is no file " + file.toAbsolutePath() + "; give an ONNX file");
        }
        if (!OptionalLibrary.ONNX_RUNTIME.isPresent()) {
            throw new OnnxException(
                    "%s needs ONNX Runtime, which is missing; %s"
                            .formatted(file, OptionalLibrary.ONNX_RUNTIME.remedy()));
        }
        return new OnnxModel(file, OrtNetwork.open(file, threads));
    }

    /** The file, as it was opened. */
    public Path file() {
        return file;
    }

    /** Names of the inputs. */
    public Set<String> inputs() {
        return network.inputs();
    }

    /** Names of the outputs. */
    public Set<String> outputs() {
        return network.outputs();
    }

    /**
     * Runs a network with one input and one output.
     *
     * @param batch input, such as [batch, channels, height, width], of any floating-point type; a
     *     FLOAT array in C order is not copied
     * @return new array, FLOAT
     * @throws OnnxException if the network has several inputs or outputs, or cannot take the shape
     */
    public INDArray run(INDArray batch) {
        return run(only(inputs(), "input"), batch, only(outputs(), "output"));
    }

    /**
     * Runs a network whose one input and one wanted output are named.
     *
     * @param input name of the input
     * @param batch its value, as in {@link #run(INDArray)}
     * @param output name of the wanted output
     * @return new array, FLOAT
     * @throws OnnxException if a name is unknown, or the network cannot take the shape
     */
    public INDArray run(String input, INDArray batch, String output) {
        return run(input, batch, Set.of(output)).get(output);
    }

    /**
     * Runs a network whose one input and wanted outputs are named.
     *
     * @param input name of the input
     * @param batch its value, as in {@link #run(INDArray)}
     * @param outputs names of the wanted outputs
     * @return new arrays, FLOAT, by name
     * @throws OnnxException if a name is unknown, or the network cannot take the shape
     */
    public Map<String, INDArray> run(String input, INDArray batch, Set<String> outputs) {
        requireNames(input, outputs);
        return network.run(input, batch, outputs);
    }

    /**
     * Checks names.
     *
     * @throws OnnxException if one is unknown
     */
    void requireNames(String input, Set<String> outputs) {
        requireName(input, inputs(), "input");
        outputs.forEach(output -> requireName(output, outputs(), "output"));
    }

    /**
     * Whether the only input and output may have these numbers of channels, the second dimension.
     *
     * @return false if the file has another number, or several inputs or outputs
     */
    boolean mayHaveChannels(int in, int out) {
        return inputs().size() == 1
                && outputs().size() == 1
                && isChannels(network.inputShape(only(inputs(), "input")), in)
                && isChannels(network.outputShape(only(outputs(), "output")), out);
    }

    /** Sizes below 1 are open. */
    private static boolean isChannels(long[] shape, int channels) {
        return shape.length < 2 || shape[1] < 1 || shape[1] == channels;
    }

    private String only(Set<String> names, String kind) {
        if (names.size() != 1) {
            throw new OnnxException(
                    "%s has %d %ss, so that one must be named: %s"
                            .formatted(file, names.size(), kind, String.join(", ", names)));
        }
        return names.iterator().next();
    }

    private void requireName(String name, Set<String> names, String kind) {
        if (!names.contains(name)) {
            throw new OnnxException(
                    "%s has no %s %s; the %ss are %s"
                            .formatted(file, kind, name, kind, String.join(", ", names)));
        }
    }

    /** Frees the network's memory. */
    @Override
    public void close() {
        network.close();
    }
}
