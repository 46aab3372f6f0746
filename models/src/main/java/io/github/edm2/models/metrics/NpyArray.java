package io.github.edm2.models.metrics;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * An array in the NPY format of NumPy, as the statistics of features have them: a vector, a matrix
 * that is symmetric, so that the order of its elements does not matter, or a number.
 *
 * <p>Not read by ND4J (M2.1), which believes the header: of an array that is cut short it gives
 * what lies behind it in memory, and it puts the elements of column-major ones in the wrong places.
 */
final class NpyArray {

    /** A matrix of 8,192 rows. */
    private static final long MOST_ELEMENTS = 1 << 26;

    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int ALIGNMENT = 64;
    private static final int LONGEST_HEADER = 1 << 16;
    private static final int PIECE = 1 << 20;
    private static final Pattern TYPE = Pattern.compile("'descr'\\s*:\\s*'([<>])([fi])([48])'");
    private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([0-9, ]*)\\)");

    private final long[] shape;
    private final double[] values;

    /**
     * @param shape empty for a number
     * @param values as many as the shape tells
     */
    NpyArray(long[] shape, double[] values) {
        this.shape = shape;
        this.values = values;
    }

    long[] shape() {
        return shape;
    }

    double[] values() {
        return values;
    }

    /** Writes it as float64. */
    void writeTo(OutputStream out) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(PIECE).order(ByteOrder.LITTLE_ENDIAN);
        out.write(header("<f8"));
        for (int begin = 0; begin < values.length; begin += PIECE / Double.BYTES) {
            int count = Math.min(PIECE / Double.BYTES, values.length - begin);
            piece.asDoubleBuffer().put(values, begin, count);
            out.write(piece.array(), 0, count * Double.BYTES);
        }
    }

    /** Writes its only number as int64. */
    void writeIntegerTo(OutputStream out) throws IOException {
        out.write(header("<i8"));
        ByteBuffer number = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        out.write(number.putLong((long) values[0]).array());
    }

    private byte[] header(String type) {
        String lengths =
                Arrays.stream(shape).mapToObj(String::valueOf).collect(Collectors.joining(", "))
                        + (shape.length == 1 ? "," : "");
        String text =
                "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }".formatted(type, lengths);
        int before = MAGIC.length + 2 + Short.BYTES;
        int length = (before + text.length() + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
        ByteBuffer header = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        header.put(MAGIC).put((byte) 1).put((byte) 0).putShort((short) (length - before));
        header.put(text.getBytes(StandardCharsets.US_ASCII));
        Arrays.fill(header.array(), header.position(), length - 1, (byte) ' ');
        header.array()[length - 1] = '\n';
        return header.array();
    }

    /**
     * Reads an array of floats or integers of 4 or 8 bytes.
     *
     * @throws IOException if it holds something else or ends too early; the message completes a
     *     sentence that begins with the array's name
     */
    static NpyArray readFrom(InputStream in) throws IOException {
        if (!Arrays.equals(next(in, MAGIC.length).array(), MAGIC)) {
            throw new IOException("is no NumPy array");
        }
        int version = next(in, 2).get();
        int length =
                version == 1
                        ? Short.toUnsignedInt(next(in, Short.BYTES).getShort())
                        : next(in, Integer.BYTES).getInt();
        if (version < 1 || version > 3 || length < 0 || length > LONGEST_HEADER) {
            throw new IOException(
                    "has a header of version %d and %d bytes, which cannot be read"
                            .formatted(version, length));
        }
        String header = new String(next(in, length).array(), StandardCharsets.ISO_8859_1).strip();
        Matcher type = TYPE.matcher(header);
        Matcher shape = SHAPE.matcher(header);
        if (!type.find() || !shape.find()) {
            throw new IOException(
                    "has the header %s, where floats or integers of 4 or 8 bytes are needed"
                            .formatted(header));
        }
        long[] lengths = lengths(shape.group(1));
        double[] values = new double[elements(lengths)];
        boolean big = type.group(1).equals(">");
        read(
                in,
                big ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN,
                type.group(2) + type.group(3),
                values);
        return new NpyArray(lengths, values);
    }

    private static long[] lengths(String shape) {
        return Pattern.compile("\\d{1,9}")
                .matcher(shape)
                .results()
                .mapToLong(n -> Long.parseLong(n.group()))
                .toArray();
    }

    private static int elements(long[] lengths) throws IOException {
        long count = 1;
        for (long length : lengths) {
            count *= length;
            if (count < 1 || count > MOST_ELEMENTS) {
                throw new IOException(
                        "has the shape %s, where 1 to %,d elements are possible"
                                .formatted(Arrays.toString(lengths), MOST_ELEMENTS));
            }
        }
        return (int) count;
    }

    private static void read(InputStream in, ByteOrder order, String type, double[] values)
            throws IOException {
        int width = type.endsWith("4") ? Integer.BYTES : Long.BYTES;
        for (int begin = 0; begin < values.length; begin += PIECE / width) {
            int end = Math.min(begin + PIECE / width, values.length);
            ByteBuffer piece = next(in, (end - begin) * width).order(order);
            for (int i = begin; i < end; i++) {
                values[i] =
                        switch (type) {
                            case "f4" -> piece.getFloat();
                            case "f8" -> piece.getDouble();
                            case "i4" -> piece.getInt();
                            default -> piece.getLong();
                        };
            }
        }
    }

    private static ByteBuffer next(InputStream in, int bytes) throws IOException {
        byte[] read = in.readNBytes(bytes);
        if (read.length < bytes) {
            throw new EOFException("is cut short");
        }
        return ByteBuffer.wrap(read).order(ByteOrder.LITTLE_ENDIAN);
    }
}
