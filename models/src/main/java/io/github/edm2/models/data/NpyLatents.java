package io.github.edm2.models.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Header of an NPY file with raw latents, float32 [8, height, width] in C order: eight magic and
 * version bytes, the header's length, and a Python dictionary (NumPy Enhancement Proposal 1). Other
 * arrays are refused before their numbers are read.
 *
 * @param shape of the final latents: half as many channels as the file
 * @param start of the numbers, in bytes
 */
record NpyLatents(ImageShape shape, int start) {

    /** No header of a plain array is longer. */
    static final int MAX_HEADER_BYTES = 1024;

    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

    private static final int LENGTH_AT = 8;

    private static final Pattern TYPE = Pattern.compile("'descr': *'([^']*)'");
    private static final Pattern FORTRAN = Pattern.compile("'fortran_order': *(True|False)");
    private static final Pattern SHAPE = Pattern.compile("'shape': *(\\([0-9, ]*\\))");
    private static final Pattern IMAGE =
            Pattern.compile("\\(8, *([0-9]{1,4}), *([0-9]{1,4}),? *\\)");

    /**
     * Reads the header.
     *
     * @param file the file or its first {@value #MAX_HEADER_BYTES} bytes
     * @param location for messages
     * @throws DatasetException if it is damaged or not of raw latents
     */
    static NpyLatents header(byte[] file, String location) {
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        if (file.length < LENGTH_AT + Integer.BYTES
                || !ByteBuffer.wrap(MAGIC).equals(bytes.slice(0, MAGIC.length))) {
            throw wrong(location, "is no NPY file, or is cut off");
        }
        boolean shortLength = file[MAGIC.length] == 1;
        int begin = LENGTH_AT + (shortLength ? Short.BYTES : Integer.BYTES);
        int length =
                shortLength
                        ? Short.toUnsignedInt(bytes.getShort(LENGTH_AT))
                        : bytes.getInt(LENGTH_AT);
        if (length < 0 || length > file.length - begin) {
            throw wrong(location, "is cut off in its header, or that is damaged");
        }
        String header = new String(file, begin, length, StandardCharsets.ISO_8859_1);
        String type = field(TYPE, header, location);
        if (!type.equals("<f4")) {
            throw wrong(location, "has elements of the type " + type);
        }
        if (field(FORTRAN, header, location).equals("True")) {
            throw wrong(location, "is in Fortran order");
        }
        String shape = field(SHAPE, header, location);
        Matcher sides = IMAGE.matcher(shape);
        if (sides.matches()) {
            ImageShape image =
                    new ImageShape(
                            Latents.CHANNELS,
                            Integer.parseInt(sides.group(1)),
                            Integer.parseInt(sides.group(2)));
            if (image.isPlausible()) {
                return new NpyLatents(image, begin + length);
            }
        }
        throw wrong(location, "has the shape " + shape);
    }

    private static String field(Pattern pattern, String header, String location) {
        Matcher field = pattern.matcher(header);
        if (!field.find()) {
            throw wrong(location, "has a damaged header");
        }
        return field.group(1);
    }

    private static DatasetException wrong(String location, String what) {
        return new DatasetException(
                location
                        + " "
                        + what
                        + "; latents are NPY files of float32 (<f4) [8, height, width] in C order, as edm2 dataset encode writes them");
    }

    /**
     * All numbers of the file.
     *
     * @throws DatasetException if it has more or fewer bytes than they need
     */
    float[] values(byte[] file, String location) {
        float[] values = new float[Math.multiplyExact(2, shape.length())];
        long bytes = (long) values.length * Float.BYTES;
        if (file.length - start != bytes) {
            throw wrong(
                    location,
                    "must have %,d bytes of numbers, got %,d"
                            .formatted(bytes, file.length - start));
        }
        ByteBuffer.wrap(file, start, (int) bytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(values);
        return values;
    }
}
