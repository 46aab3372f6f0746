package io.github.edm2.models.checkpoint;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.nd4j.linalg.api.buffer.BaseDataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.concurrency.AffinityManager.Location;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Vectors in the format of {@link Nd4j#write(INDArray, DataOutputStream)}, byte for byte, but in
 * pieces instead of number by number: a network of 124.7 million floats took 18 seconds to write
 * with ND4J's (M2.1).
 */
final class ArrayStream {

    private static final int PIECE = 1 << 17;

    private final DataOutputStream out;
    private final long length;
    private final byte[] bytes = new byte[PIECE * Float.BYTES];
    private long written;

    /**
     * Begins a vector that is written piece by piece.
     *
     * @param like a FLOAT vector of its shape
     * @param out not closed
     */
    ArrayStream(INDArray like, OutputStream out) throws IOException {
        if (like.dataType() != DataType.FLOAT) {
            throw new IllegalArgumentException("the vector must be FLOAT, got " + like.dataType());
        }
        this.out = new DataOutputStream(out);
        length = like.length();
        writeHeader(like, this.out);
    }

    /** Writes the next elements. */
    void write(FloatBuffer elements) throws IOException {
        FloatBuffer rest = elements.duplicate();
        while (rest.hasRemaining()) {
            int count = Math.min(PIECE, rest.remaining());
            ByteBuffer.wrap(bytes).asFloatBuffer().put(rest.slice(rest.position(), count));
            out.write(bytes, 0, count * Float.BYTES);
            rest.position(rest.position() + count);
            written += count;
        }
    }

    /** Ends the vector. */
    void finish() throws IOException {
        if (written != length) {
            throw new IllegalStateException(
                    "the vector has %d elements, got %d".formatted(length, written));
        }
        out.flush();
    }

    /**
     * Writes a vector.
     *
     * @param vector FLOAT or DOUBLE, no view
     * @param stream not closed
     */
    static void write(INDArray vector, OutputStream stream) throws IOException {
        DataOutputStream out = new DataOutputStream(stream);
        writeHeader(vector, out);
        INDArray elements = vector.reshape(vector.ordering(), true, new long[] {vector.length()});
        try (Piece piece = new Piece(vector.dataType())) {
            for (long begin = 0; begin < vector.length(); begin += PIECE) {
                int count = (int) Math.min(PIECE, vector.length() - begin);
                piece.first(count)
                        .assign(elements.get(NDArrayIndex.interval(begin, begin + count)));
                out.write(piece.bigEndian(count), 0, count * vector.dataType().width());
            }
        }
        out.flush();
    }

    private static void writeHeader(INDArray vector, DataOutputStream out) throws IOException {
        vector.shapeInfoDataBuffer().write(out);
        out.writeUTF(vector.data().allocationMode().name());
        out.writeLong(vector.length());
        out.writeUTF(vector.dataType().name());
    }

    /**
     * Reads a vector.
     *
     * @param in at the first byte; not closed
     * @return a row vector [1, length]
     * @throws IOException if it holds something else or ends too early
     */
    static INDArray read(DataInputStream in) throws IOException {
        long shapeLength = BaseDataBuffer.readHeader(in).getMiddle();
        in.skipNBytes(shapeLength * Long.BYTES);
        var header = BaseDataBuffer.readHeader(in);
        DataType type = header.getRight();
        if (type != DataType.FLOAT && type != DataType.DOUBLE) {
            throw new IOException("its numbers are " + type + " instead of FLOAT or DOUBLE");
        }
        long length = header.getMiddle();
        INDArray elements = Nd4j.createUninitialized(type, length);
        try (Piece piece = new Piece(type)) {
            for (long begin = 0; begin < length; begin += PIECE) {
                int count = (int) Math.min(PIECE, length - begin);
                in.readFully(piece.bytes, 0, count * type.width());
                piece.takeBigEndian(count);
                elements.get(NDArrayIndex.interval(begin, begin + count))
                        .assign(piece.first(count));
            }
        }
        return elements.reshape(1, length);
    }

    /** Part of a vector, as ND4J has it and as the file has it. */
    private static final class Piece implements AutoCloseable {

        private final INDArray array;
        private final byte[] bytes;

        Piece(DataType type) {
            array = Nd4j.createUninitialized(type, PIECE);
            bytes = new byte[PIECE * type.width()];
        }

        INDArray first(int count) {
            return array.get(NDArrayIndex.interval(0, count));
        }

        byte[] bigEndian(int count) {
            Nd4j.getAffinityManager().ensureLocation(array, Location.HOST);
            copy(host(), ByteBuffer.wrap(bytes), count);
            return bytes;
        }

        void takeBigEndian(int count) {
            copy(ByteBuffer.wrap(bytes), host(), count);
            Nd4j.getAffinityManager().tagLocation(array, Location.HOST);
        }

        private ByteBuffer host() {
            return array.data().asNio().order(ByteOrder.nativeOrder());
        }

        private void copy(ByteBuffer from, ByteBuffer to, int count) {
            if (array.dataType() == DataType.FLOAT) {
                to.asFloatBuffer().put(from.asFloatBuffer().limit(count));
            } else {
                to.asDoubleBuffer().put(from.asDoubleBuffer().limit(count));
            }
        }

        @Override
        public void close() {
            array.close();
        }
    }
}
