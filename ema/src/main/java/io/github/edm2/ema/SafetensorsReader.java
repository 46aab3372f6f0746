package io.github.edm2.ema;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Reads a safetensors file of the kind that {@link SafetensorsWriter} makes, once from beginning to
 * end, as pieces of one long vector.
 */
final class SafetensorsReader implements AutoCloseable {

    /** Takes a piece of the vector; the array is valid only during the call. */
    @FunctionalInterface
    interface Pieces {
        void accept(long firstElement, INDArray piece);
    }

    private final Path file;
    private final FileChannel channel;
    private final MessageDigest digest = SafetensorsWriter.sha256();
    private final SafetensorsHeader header;

    /**
     * Opens the file and reads its header.
     *
     * @throws SnapshotException if it cannot be opened or is no such file
     */
    SafetensorsReader(Path file) {
        this.file = file;
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ);
        } catch (IOException e) {
            throw failure(e);
        }
        try {
            header = readHeader();
        } catch (IOException e) {
            close();
            throw failure(e);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private SafetensorsHeader readHeader() throws IOException {
        ByteBuffer lengthBytes =
                ByteBuffer.allocate(SafetensorsHeader.LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        read(lengthBytes);
        long length = lengthBytes.flip().getLong();
        long behind = channel.size() - SafetensorsHeader.LENGTH_BYTES;
        if (length < 0 || length > behind || length > Integer.MAX_VALUE) {
            throw new IOException("its header claims " + length + " bytes of " + behind);
        }
        byte[] json = new byte[(int) length];
        read(ByteBuffer.wrap(json));
        SafetensorsHeader parsed;
        try {
            parsed = SafetensorsHeader.parse(json);
        } catch (IOException e) {
            throw new IOException("its header " + e.getMessage(), e);
        }
        if (behind - length != parsed.dataBytes()) {
            throw new IOException(
                    String.format(
                            "it holds %d bytes of data instead of %d",
                            behind - length, parsed.dataBytes()));
        }
        return parsed;
    }

    /** Fails unless the file holds these tensors in this order and type. */
    void requireLayout(ParameterLayout expected, DataType type) {
        header.layout()
                .differenceFrom(expected)
                .ifPresent(
                        difference -> {
                            throw new SnapshotException(
                                    file + " belongs to another network: " + difference);
                        });
        boolean sameOrder =
                header.layout().shapes().keySet().stream()
                        .toList()
                        .equals(expected.shapes().keySet().stream().toList());
        if (!sameOrder || header.type() != type) {
            throw new SnapshotException(
                    String.format(
                            "%s holds %s in another order or type than the expected %s",
                            file, header.type(), type));
        }
    }

    /** A whole number from the header's metadata. */
    long metadataCount(String key) {
        String text = header.metadata().get(key);
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new SnapshotException(
                    file + " is damaged: its header has no number " + key + " but " + text, e);
        }
    }

    /** Passes all elements on in order, converted to the wanted type. */
    void stream(DataType wanted, Pieces pieces) {
        long length = header.layout().length();
        try (TensorBuffer stored = new TensorBuffer(header.type(), length);
                TensorBuffer result = new TensorBuffer(wanted, length)) {
            for (long begin = 0; begin < length; begin += stored.capacity()) {
                long count = Math.min(stored.capacity(), length - begin);
                ByteBuffer bytes = stored.bytes(count);
                read(bytes);
                stored.bytesChanged();
                pieces.accept(begin, result.vector(count).assign(stored.vector(count)));
            }
        } catch (IOException e) {
            throw failure(e);
        }
    }

    /** SHA-256 of what was read so far, in hexadecimal; of the file after {@link #stream}. */
    String sha256() {
        return HexFormat.of().formatHex(digest.digest());
    }

    private void read(ByteBuffer buffer) throws IOException {
        ByteBuffer start = buffer.duplicate();
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new EOFException("it ends too early");
            }
        }
        digest.update(start);
    }

    private SnapshotException failure(IOException e) {
        return new SnapshotException("cannot read " + file + ": " + AtomicFile.reason(e), e);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw failure(e);
        }
    }
}
