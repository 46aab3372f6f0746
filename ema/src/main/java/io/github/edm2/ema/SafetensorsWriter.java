package io.github.edm2.ema;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Writes named arrays as a safetensors file, converting piece by piece. */
final class SafetensorsWriter {

    /**
     * What was written.
     *
     * @param bytes length of the file
     * @param crc32c CRC-32C of the file, eight hexadecimal digits
     */
    record Written(long bytes, String crc32c) {}

    private final WritableByteChannel channel;
    private final CRC32C checksum = new CRC32C();
    private long bytes;

    private SafetensorsWriter(WritableByteChannel channel) {
        this.channel = channel;
    }

    /**
     * Writes the arrays in the map's order, each in row-major order.
     *
     * @throws SnapshotException if a number is too large for half precision
     */
    static Written write(
            WritableByteChannel channel,
            Map<String, INDArray> tensors,
            DataType type,
            Map<String, String> metadata)
            throws IOException {
        SafetensorsWriter writer = new SafetensorsWriter(channel);
        Map<String, TensorFile.Info> infos = new LinkedHashMap<>();
        tensors.forEach((name, array) -> infos.put(name, TensorFile.Info.of(type, array.shape())));
        long length = infos.values().stream().mapToLong(TensorFile.Info::length).sum();
        writer.write(SafetensorsHeader.of(infos, metadata).encode());
        try (TensorBuffer buffer = new TensorBuffer(type, length)) {
            for (Map.Entry<String, INDArray> tensor : tensors.entrySet()) {
                writer.write(tensor.getKey(), tensor.getValue(), buffer, type);
            }
        }
        return new Written(writer.bytes, hexadecimal(writer.checksum));
    }

    static String hexadecimal(CRC32C checksum) {
        return HexFormat.of().toHexDigits((int) checksum.getValue());
    }

    private void write(String name, INDArray tensor, TensorBuffer buffer, DataType type)
            throws IOException {
        if (type == DataType.FLOAT16 && tensor.amaxNumber().doubleValue() > FloatCodec.HALF_MAX) {
            throw new SnapshotException(
                    String.format(
                            "%s reaches %s, beyond half precision's %s; store snapshots as FLOAT",
                            name, tensor.amaxNumber(), FloatCodec.HALF_MAX));
        }
        long length = tensor.length();
        INDArray rowMajor = tensor.reshape('c', new long[] {length});
        for (long begin = 0; begin < length; begin += buffer.capacity()) {
            long count = Math.min(buffer.capacity(), length - begin);
            INDArray piece = rowMajor.get(NDArrayIndex.interval(begin, begin + count));
            buffer.vector(count).assign(piece);
            write(buffer.bytes(count));
        }
    }

    private void write(ByteBuffer buffer) throws IOException {
        bytes += buffer.remaining();
        checksum.update(buffer.duplicate());
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
