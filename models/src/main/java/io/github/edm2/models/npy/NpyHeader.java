package io.github.edm2.models.npy;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What is before the numbers of an array in an NPY file: six magic and two version bytes, the
 * length of the rest, and a Python dictionary (NumPy Enhancement Proposal 1). Messages of what is
 * wrong complete a sentence that begins with the array's name.
 *
 * @param type of the elements, for example {@code <f4}
 * @param columnMajor whether the first index changes fastest ("Fortran order")
 * @param shape empty for a number
 */
public record NpyHeader(String type, boolean columnMajor, List<Integer> shape) {

    /** That of a matrix of 8,192 rows. */
    private static final int MOST_ELEMENTS = 1 << 26;

    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int ALIGNMENT = 64;
    private static final int LONGEST = 1 << 16;
    private static final Pattern TYPE = Pattern.compile("'descr'\\s*:\\s*'([^']*)'");
    private static final Pattern ORDER = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
    private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([0-9, ]*)\\)");
    private static final Pattern SEPARATOR = Pattern.compile("[, ]+");

    /** More digits are too many for any array that is read. */
    private static final int MOST_DIGITS = 9;

    /**
     * Reads the header and leaves the numbers.
     *
     * @throws IOException if it is cut short, that of something else or of more elements than can
     *     be read
     */
    public static NpyHeader readFrom(InputStream in) throws IOException {
        if (!Arrays.equals(in.readNBytes(MAGIC.length), MAGIC)) {
            throw new IOException("is no NumPy array (NPY file)");
        }
        int version = next(in, 2).get();
        int length =
                version == 1
                        ? Short.toUnsignedInt(next(in, Short.BYTES).getShort())
                        : next(in, Integer.BYTES).getInt();
        if (version < 1 || version > 3 || length < 0 || length > LONGEST) {
            throw new IOException(
                    "has a header of version %d and %d bytes, which cannot be read"
                            .formatted(version, length));
        }
        String header = new String(next(in, length).array(), StandardCharsets.ISO_8859_1).strip();
        return new NpyHeader(
                field(TYPE, header),
                field(ORDER, header).equals("True"),
                shape(field(SHAPE, header)));
    }

    private static ByteBuffer next(InputStream in, int bytes) throws IOException {
        byte[] read = in.readNBytes(bytes);
        if (read.length < bytes) {
            throw new EOFException("is cut off in its header");
        }
        return ByteBuffer.wrap(read).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static String field(Pattern pattern, String header) throws IOException {
        Matcher field = pattern.matcher(header);
        if (!field.find()) {
            throw new IOException(
                    "has the header %s, which is not that of an array of numbers"
                            .formatted(header));
        }
        return field.group(1);
    }

    private static List<Integer> shape(String text) throws IOException {
        List<String> lengths =
                SEPARATOR.splitAsStream(text).filter(length -> !length.isEmpty()).toList();
        int count = 1;
        for (String digits : lengths) {
            int length = digits.length() > MOST_DIGITS ? 0 : Integer.parseInt(digits);
            if (length < 1 || length > MOST_ELEMENTS / count) {
                throw new IOException(
                        "has the shape (%s), where 1 to %,d elements are possible"
                                .formatted(text, MOST_ELEMENTS));
            }
            count *= length;
        }
        return lengths.stream().map(Integer::valueOf).toList();
    }

    /** How many numbers follow. */
    public int elements() {
        return shape.stream().reduce(1, (a, b) -> a * b);
    }

    /** The shape as Python writes it. */
    public String shapeText() {
        return shape.stream()
                .map(String::valueOf)
                .collect(Collectors.joining(", ", "(", shape.size() == 1 ? ",)" : ")"));
    }

    /** The header as NumPy writes it, filled up to a multiple of {@value #ALIGNMENT} bytes. */
    public byte[] bytes() {
        String text =
                "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }"
                        .formatted(type, columnMajor ? "True" : "False", shapeText());
        int before = MAGIC.length + 2 + Short.BYTES;
        int length = (before + text.length() + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
        ByteBuffer header = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        header.put(MAGIC).put((byte) 1).put((byte) 0).putShort((short) (length - before));
        header.put(text.getBytes(StandardCharsets.US_ASCII));
        Arrays.fill(header.array(), header.position(), length - 1, (byte) ' ');
        header.array()[length - 1] = '\n';
        return header.array();
    }
}
