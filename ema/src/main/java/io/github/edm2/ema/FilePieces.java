package io.github.edm2.ema;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The same piece of several files, in memory that is used again for the next piece. */
final class FilePieces implements AutoCloseable {

    /** Elements of a piece: small enough for a cache, large enough to hide an operation's cost. */
    static final long CAPACITY = 1 << 17;

    /**
     * Where a piece is.
     *
     * @param tensor name of the tensor
     * @param begin first element in the tensor
     * @param count number of elements
     * @param offset first element in the vector of all tensors
     */
    record Place(String tensor, long begin, long count, long offset) {}

    private final List<TensorFile> files;
    private final List<Map<DataType, TensorBuffer>> stored = new ArrayList<>();
    private final INDArray matrix;
    private final INDArray product;
    private Place place;

    FilePieces(List<TensorFile> files, int sums) {
        this.files = files;
        for (TensorFile file : files) {
            Map<DataType, TensorBuffer> buffers = new EnumMap<>(DataType.class);
            file.tensors().values().stream()
                    .map(TensorFile.Info::type)
                    .distinct()
                    .forEach(type -> buffers.put(type, new TensorBuffer(type, CAPACITY)));
            stored.add(buffers);
        }
        matrix = vector(CAPACITY * files.size());
        product = vector(CAPACITY * sums);
    }

    private static INDArray vector(long length) {
        return Weights.outsideWorkspaces(() -> Nd4j.createUninitialized(DataType.FLOAT, length));
    }

    /** The first elements as columns of the present piece's length. */
    private INDArray columns(INDArray vector, int count) {
        return TensorBuffer.piece(vector, 0, place.count * count)
                .reshape('f', true, place.count, count);
    }

    /** Reads a piece of every file. */
    void read(Place next) {
        for (int i = 0; i < files.size(); i++) {
            TensorBuffer buffer = buffer(i, next);
            files.get(i).read(next.tensor, next.begin, buffer.bytes(next.count));
            buffer.bytesChanged();
        }
        place = next;
    }

    private TensorBuffer buffer(int file, Place at) {
        return stored.get(file).get(files.get(file).tensors().get(at.tensor).type());
    }

    /**
     * Adds the piece that was read last to sums.
     *
     * @param sums one vector each
     * @param factors [files, sums]
     */
    void addTo(List<Weights> sums, INDArray factors) {
        INDArray columns = columns(matrix, files.size());
        for (int i = 0; i < files.size(); i++) {
            TensorBuffer.piece(matrix, i * place.count, place.count)
                    .assign(buffer(i, place).vector(place.count));
        }
        INDArray added = columns(product, sums.size());
        Nd4j.gemm(columns, factors, added, false, false, 1, 0);
        for (int i = 0; i < sums.size(); i++) {
            INDArray sum = sums.get(i).storage().get(0);
            TensorBuffer.piece(sum, place.offset, place.count)
                    .addi(TensorBuffer.piece(product, i * place.count, place.count));
        }
    }

    @Override
    public void close() {
        stored.forEach(buffers -> buffers.values().forEach(TensorBuffer::close));
        matrix.close();
        product.close();
    }
}
