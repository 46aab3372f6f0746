package io.github.edm2.ema;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * A safetensors file whose tensors are written one after another.
 *
 * <p>For one thread at a time.
 */
public final class SafetensorsSink implements WeightFile {

    private final Path file;
    private final DataType type;
    private final AtomicOutput output;
    private final long length;
    private long written;
    private ByteBuffer encoded = ByteBuffer.allocateDirect(0);

    /**
     * Begins the file.
     *
     * @param file created or replaced by {@link #commit}, in an existing folder
     * @param shapes of the tensors, by name, in the order in which they will be written
     * @param type data type in the file, FLOAT or FLOAT16
     * @param metadata free text for the header
     * @throws IOException if it cannot be written
     */
    public SafetensorsSink(
            Path file, Map<String, List<Long>> shapes, DataType type, Map<String, String> metadata)
            throws IOException {
        SnapshotStore.requireSnapshotType(type);
        this.file = file;
        this.type = type;
        length = new ParameterLayout(shapes).length();
        Map<String, TensorFile.Info> infos = new LinkedHashMap<>();
        shapes.forEach((name, shape) -> infos.put(name, new TensorFile.Info(type, shape)));
        output = AtomicOutput.of(file);
        try {
            writeAll(SafetensorsHeader.of(infos, metadata).encode());
        } catch (IOException | RuntimeException e) {
            output.close();
            throw e;
        }
    }

    /**
     * {@inheritDoc}
     *
     * @throws SnapshotException if a number is too large for half precision
     */
    @Override
    public void write(FloatBuffer elements) throws IOException {
        int count = elements.remaining();
        if (encoded.capacity() < count * type.width()) {
            encoded = ByteBuffer.allocateDirect(count * type.width());
        }
        if (!FloatCodec.encode(elements, type, encoded.clear())) {
            throw new SnapshotException(
                    "a weight of %s is beyond half precision's %s; write it in float"
                            .formatted(file, FloatCodec.HALF_MAX));
        }
        writeAll(encoded.flip());
        written += count;
    }

    private void writeAll(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            output.channel().write(bytes);
        }
    }

    @Override
    public void commit() throws IOException {
        if (written != length) {
            throw new IllegalStateException(
                    "%s must get %d elements, got %d".formatted(file, length, written));
        }
        output.commit(file);
    }

    @Override
    public void close() throws IOException {
        output.close();
    }
}
