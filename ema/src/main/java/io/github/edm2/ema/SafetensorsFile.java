package io.github.edm2.ema;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.zip.CRC32C;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A safetensors file of floating point tensors.
 *
 * <p>For one thread at a time.
 */
public final class SafetensorsFile implements TensorFile {

    private final Path file;
    private final FileChannel channel;
    private final long bytes;
    private final String crc32c;
    private final CRC32C checksum = new CRC32C();
    private long checked;
    private final SafetensorsHeader header;
    private final long dataBegin;

    /**
     * Opens a file and reads its header.
     *
     * @param file the file
     * @throws SnapshotException if it cannot be opened or is no such file
     */
    public SafetensorsFile(Path file) {
        this(file, null);
    }

    /**
     * Opens a file whose checksum is compared when it has been read from beginning to end.
     *
     * @param crc32c of the whole file, eight hexadecimal digits; null for unknown
     * @throws SnapshotException if it cannot be opened or is no such file
     */
    SafetensorsFile(Path file, String crc32c) {
        this.file = file;
        this.crc32c = crc32c;
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ);
        } catch (IOException e) {
            throw failure(e);
        }
        try {
            bytes = channel.size();
            header = readHeader();
            dataBegin = checked;
        } catch (IOException e) {
            close();
            throw failure(e);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Writes tensors one after another, atomically.
     *
     * @param file created or replaced
     * @param tensors by name
     * @param type data type in the file, FLOAT or FLOAT16
     * @param metadata free text for the header
     * @throws SnapshotException if the file cannot be written, or a number is too large for the
     *     type; an existing file is then unchanged
     */
    public static void write(
            Path file, Map<String, INDArray> tensors, DataType type, Map<String, String> metadata) {
        AtomicFile.write(
                AtomicFile.temporary(file),
                written -> file,
                channel -> SafetensorsWriter.write(channel, tensors, type, metadata));
    }

    private SafetensorsHeader readHeader() throws IOException {
        ByteBuffer lengthBytes =
                ByteBuffer.allocate(SafetensorsHeader.LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        read(0, lengthBytes);
        long length = lengthBytes.flip().getLong();
        long behind = bytes - SafetensorsHeader.LENGTH_BYTES;
        if (length < 0 || length > behind || length > Integer.MAX_VALUE) {
            throw new IOException("its header claims " + length + " bytes of " + behind);
        }
        byte[] json = new byte[(int) length];
        read(SafetensorsHeader.LENGTH_BYTES, ByteBuffer.wrap(json));
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

    @Override
    public Path path() {
        return file;
    }

    @Override
    public Map<String, Info> tensors() {
        return header.tensors();
    }

    /**
     * Free text in the header.
     *
     * @return text by key
     */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /** Fails unless the file holds these tensors and no others. */
    void requireLayout(ParameterLayout expected) {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        tensors().forEach((name, info) -> shapes.put(name, info.shape()));
        new ParameterLayout(shapes)
                .differenceFrom(expected)
                .ifPresent(
                        difference -> {
                            throw new SnapshotException(
                                    file + " belongs to another network: " + difference);
                        });
    }

    /** A whole number from the header's metadata. */
    long metadataCount(String key) {
        return metadataNumber(key, Long::parseLong);
    }

    /** A number from the header's metadata. */
    double metadataNumber(String key) {
        return metadataNumber(key, Double::parseDouble);
    }

    private <T> T metadataNumber(String key, Function<String, T> parser) {
        String text = header.metadata().get(key);
        try {
            return parser.apply(String.valueOf(text));
        } catch (NumberFormatException e) {
            throw new SnapshotException(
                    file + " is damaged: its header has no number " + key + " but " + text, e);
        }
    }

    @Override
    public void read(String name, long firstElement, ByteBuffer target) {
        long begin = header.begins().get(name) + firstElement * tensors().get(name).type().width();
        try {
            read(dataBegin + begin, target);
        } catch (IOException e) {
            throw failure(e);
        }
    }

    private void read(long position, ByteBuffer target) throws IOException {
        ByteBuffer content = target.duplicate();
        long next = position;
        while (target.hasRemaining()) {
            int count = channel.read(target, next);
            if (count < 0) {
                throw new EOFException("it ends too early");
            }
            next += count;
        }
        if (position == checked) {
            checksum.update(content);
            checked = next;
            if (crc32c != null && next == bytes) {
                requireChecksum();
            }
        }
    }

    private void requireChecksum() {
        if (!SafetensorsWriter.hexadecimal(checksum).equals(crc32c)) {
            throw new SnapshotException(file + " is damaged: its CRC-32C is not the manifest's");
        }
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
