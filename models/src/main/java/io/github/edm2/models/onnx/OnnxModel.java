package io.github.edm2.models.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.concurrency.AffinityManager.Location;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A network in an ONNX file, run on the CPU by ONNX Runtime, on arrays of ND4J. Its answers do not
 * depend on the number of threads beyond rounding. Holds native memory until {@link #close}. Safe
 * for use by many threads.
 */
public final class OnnxModel implements AutoCloseable {

    private final Path file;
    private final OrtSession session;

    private OnnxModel(Path file, OrtSession session) {
        this.file = file;
        this.session = session;
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
     * @throws OnnxException if there is no such file or it holds no ONNX network that can be run
     */
    public static OnnxModel open(Path file, int threads) {
        if (threads < 0) {
            throw new IllegalArgumentException("threads must be at least 0, got " + threads);
        }
        if (!Files.isRegularFile(file)) {
            throw new OnnxException(
                    "There is no file " + file.toAbsolutePath() + "; give an ONNX file");
        }
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(threads);
            return new OnnxModel(
                    file, OrtEnvironment.getEnvironment().createSession(file.toString(), options));
        } catch (OrtException e) {
            throw new OnnxException(
                    "%s is not an ONNX network that can be run (%s); export it again"
                            .formatted(file, firstLine(e)),
                    e);
        }
    }

    /** The file, as it was opened. */
    public Path file() {
        return file;
    }

    /** Names of the inputs. */
    public Set<String> inputs() {
        return session.getInputNames();
    }

    /** Names of the outputs. */
    public Set<String> outputs() {
        return session.getOutputNames();
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
        requireName(input, inputs(), "input");
        outputs.forEach(output -> requireName(output, outputs(), "output"));
        requireShape(input, batch.shape());
        INDArray plain = plain(batch);
        try (OnnxTensor tensor =
                        OnnxTensor.createTensor(
                                OrtEnvironment.getEnvironment(), floats(plain), plain.shape());
                OrtSession.Result result = session.run(Map.of(input, tensor), outputs)) {
            Map<String, INDArray> arrays = new HashMap<>();
            for (Map.Entry<String, OnnxValue> output : result) {
                arrays.put(output.getKey(), array((OnnxTensor) output.getValue(), output.getKey()));
            }
            return arrays;
        } catch (OrtException e) {
            throw new OnnxException(
                    "%s failed on %s of shape %s (%s)"
                            .formatted(file, input, Arrays.toString(batch.shape()), firstLine(e)),
                    e);
        }
    }

    /** The array itself if its memory is what ONNX Runtime reads, otherwise a copy that is. */
    private static INDArray plain(INDArray batch) {
        boolean isPlain =
                batch.dataType() == DataType.FLOAT && batch.ordering() == 'c' && !batch.isView();
        return isPlain ? batch : batch.castTo(DataType.FLOAT).dup('c');
    }

    /** Memory of an array in C order, as last computed by ND4J. */
    private static FloatBuffer floats(INDArray array) {
        Nd4j.getAffinityManager().ensureLocation(array, Location.HOST);
        FloatBuffer memory = array.data().asNio().asFloatBuffer();
        return memory.limit(memory.position() + Math.toIntExact(array.length()));
    }

    private INDArray array(OnnxTensor tensor, String output) {
        TensorInfo info = tensor.getInfo();
        if (info.type != OnnxJavaType.FLOAT) {
            throw new OnnxException(
                    "Output %s of %s must be of 32-bit floats, got %s; export it so"
                            .formatted(output, file, info.type));
        }
        INDArray array = Nd4j.createUninitialized(DataType.FLOAT, info.getShape());
        floats(array).put(tensor.getFloatBuffer());
        Nd4j.getAffinityManager().tagLocation(array, Location.HOST);
        return array;
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

    private void requireShape(String input, long[] shape) {
        try {
            NodeInfo node = session.getInputInfo().get(input);
            if (!(node.getInfo() instanceof TensorInfo info) || info.type != OnnxJavaType.FLOAT) {
                throw new OnnxException(
                        "Input %s of %s must be of 32-bit floats, got %s; export it so"
                                .formatted(input, file, node.getInfo()));
            }
            long[] wanted = info.getShape();
            boolean fits = wanted.length == shape.length;
            for (int i = 0; fits && i < shape.length; i++) {
                // Negative where the network takes any size.
                fits = wanted[i] < 0 || wanted[i] == shape[i];
            }
            if (!fits) {
                throw new OnnxException(
                        "Input %s of %s must have the shape %s (-1 for any size), got %s"
                                .formatted(
                                        input,
                                        file,
                                        Arrays.toString(wanted),
                                        Arrays.toString(shape)));
            }
        } catch (OrtException e) {
            throw new OnnxException(
                    "The inputs of %s cannot be read (%s)".formatted(file, firstLine(e)), e);
        }
    }

    private static String firstLine(OrtException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    /** Frees the network's memory. */
    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new OnnxException("Cannot close %s (%s)".formatted(file, firstLine(e)), e);
        }
    }
}
