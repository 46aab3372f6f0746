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
 * The part of {@link OnnxModel} that needs ONNX Runtime, which may be missing: this class is not
 * loaded before it is known to be there.
 */
final class OrtNetwork implements AutoCloseable {

    private final Path file;
    private final OrtSession session;

    private OrtNetwork(Path file, OrtSession session) {
        this.file = file;
        this.session = session;
    }

    static OrtNetwork open(Path file, int threads) {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(threads);
            return new OrtNetwork(
                    file, OrtEnvironment.getEnvironment().createSession(file.toString(), options));
        } catch (OrtException e) {
            throw new OnnxException(
                    "%s is not an ONNX network that can be run (%s); export it again"
                            .formatted(file, firstLine(e)),
                    e);
        }
    }

    Set<String> inputs() {
        return session.getInputNames();
    }

    Set<String> outputs() {
        return session.getOutputNames();
    }

    /** Shape of an input; -1 where any size is taken, empty if it is no tensor. */
    long[] inputShape(String name) {
        try {
            return shape(session.getInputInfo().get(name));
        } catch (OrtException e) {
            throw new OnnxException(
                    "The inputs of %s cannot be read (%s)".formatted(file, firstLine(e)), e);
        }
    }

    /** Shape of an output; -1 where it is not known, empty if it is no tensor. */
    long[] outputShape(String name) {
        try {
            return shape(session.getOutputInfo().get(name));
        } catch (OrtException e) {
            throw new OnnxException(
                    "The outputs of %s cannot be read (%s)".formatted(file, firstLine(e)), e);
        }
    }

    private static long[] shape(NodeInfo node) {
        return node.getInfo() instanceof TensorInfo info ? info.getShape() : new long[0];
    }

    /** Runs the network; the names are known to be right. */
    Map<String, INDArray> run(String input, INDArray batch, Set<String> outputs) {
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

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new OnnxException("Cannot close %s (%s)".formatted(file, firstLine(e)), e);
        }
    }
}
