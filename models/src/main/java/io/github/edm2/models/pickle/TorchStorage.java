package io.github.edm2.models.pickle;

import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;

/** The numbers that tensors of PyTorch are views of, somewhere in the file. */
final class TorchStorage {

    private static final Map<String, DataType> TYPES =
            Map.of(
                    "HalfStorage", DataType.FLOAT16,
                    "FloatStorage", DataType.FLOAT,
                    "DoubleStorage", DataType.DOUBLE,
                    "BFloat16Storage", DataType.BFLOAT16,
                    "LongStorage", DataType.INT64,
                    "IntStorage", DataType.INT32,
                    "ShortStorage", DataType.INT16,
                    "CharStorage", DataType.INT8,
                    "ByteStorage", DataType.UINT8,
                    "BoolStorage", DataType.BOOL);

    private final DataType type;
    private final long length;
    private FileSlice data;

    TorchStorage(DataType type, long length) {
        this.type = type;
        this.length = length;
    }

    /**
     * The storage that a persistent identifier names: ("storage", class, key, device, elements).
     *
     * @throws PickleException if it is not of that form
     */
    static TorchStorage of(List<?> identifier) {
        if (identifier.size() < 5
                || !"storage".equals(identifier.get(0))
                || !(identifier.get(1) instanceof PickledClass storageClass)
                || !(identifier.get(4) instanceof Long length)
                || length < 0) {
            throw new PickleException("is damaged: it names storage in an unknown way");
        }
        DataType type = TYPES.get(storageClass.name());
        if (type == null) {
            throw new PickleException(
                    "has tensors in a %s, which is not supported".formatted(storageClass));
        }
        return new TorchStorage(type, length);
    }

    DataType type() {
        return type;
    }

    /** Elements. */
    long length() {
        return length;
    }

    /** Bytes that it takes in the file. */
    long bytes() {
        if (length > Long.MAX_VALUE / type.width()) {
            throw new PickleException("is damaged: a storage of " + length + " elements");
        }
        return length * type.width();
    }

    /**
     * Tells where its numbers are.
     *
     * @throws PickleException if they are fewer or more than they should be
     */
    void setData(FileSlice data) {
        if (data.length() != bytes()) {
            throw new PickleException(
                    "is damaged: a storage has %d bytes instead of %d"
                            .formatted(data.length(), bytes()));
        }
        this.data = data;
    }

    FileSlice data() {
        if (data == null) {
            throw new PickleException("is damaged: a storage has no data");
        }
        return data;
    }
}
