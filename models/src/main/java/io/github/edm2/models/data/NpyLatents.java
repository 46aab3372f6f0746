package io.github.edm2.models.data;

import io.github.edm2.models.npy.NpyHeader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * An NPY file with raw latents, float32 [8, height, width] in C order. Other arrays are refused
 * before their numbers are read.
 *
 * @param shape of the final latents: half as many channels as the file
 * @param start of the numbers, in bytes
 */
record NpyLatents(ImageShape shape, int start) {

    /** No header of a plain array is longer. */
    static final int MAX_HEADER_BYTES = 1024;

    /**
     * Reads the header.
     *
     * @param file the file or its first {@value #MAX_HEADER_BYTES} bytes
     * @param location for messages
     * @throws DatasetException if it is damaged or not of raw latents
     */
    static NpyLatents header(byte[] file, String location) {
        ByteArrayInputStream in = new ByteArrayInputStream(file);
        NpyHeader header;
        try {
            header = NpyHeader.readFrom(in);
        } catch (IOException e) {
            throw wrong(location, e.getMessage());
        }
        if (!header.type().equals("<f4")) {
            throw wrong(location, "has elements of the type " + header.type());
        }
        if (header.columnMajor()) {
            throw wrong(location, "is in Fortran order");
        }
        List<Integer> sides = header.shape();
        if (sides.size() == 3 && sides.get(0) == 2 * Latents.CHANNELS) {
            ImageShape image = new ImageShape(Latents.CHANNELS, sides.get(1), sides.get(2));
            if (image.isPlausible()) {
                return new NpyLatents(image, file.length - in.available());
            }
        }
        throw wrong(location, "has the shape " + header.shapeText());
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
        int count = 2 * shape.length();
        int bytes = count * Float.BYTES;
        if (file.length - start != bytes) {
            throw wrong(
                    location,
                    "must have %,d bytes of numbers, got %,d"
                            .formatted(bytes, file.length - start));
        }
        float[] values = new float[count];
        ByteBuffer.wrap(file, start, bytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(values);
        return values;
    }
}
