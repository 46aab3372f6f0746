package io.github.edm2.models.data;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Header of a PNG file (PNG specification, 2nd edition, section 11.2.2) and decoding of its pixels.
 *
 * @param shape channels after conversion: grey stays 1 channel, palette becomes RGB, alpha is
 *     dropped
 * @param bitDepth bits of a sample, or of a palette index
 */
record Png(ImageShape shape, int bitDepth) {

    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

    private static final int HEADER_CHUNK = 0x49484452; // "IHDR"

    private static final int END_CHUNK = 0x49454e44; // "IEND"

    /** A chunk's length, type and checksum. */
    private static final int CHUNK_FRAME_BYTES = 12;

    /**
     * Bytes from which {@link #header} can tell size and colours: the signature and the IHDR chunk.
     */
    static final int HEADER_BYTES = SIGNATURE.length + CHUNK_FRAME_BYTES + 13;

    /** Whether a file begins as a PNG file does. */
    static boolean hasSignature(byte[] start) {
        return Arrays.mismatch(
                        SIGNATURE,
                        0,
                        SIGNATURE.length,
                        start,
                        0,
                        Math.min(start.length, SIGNATURE.length))
                < 0;
    }

    /**
     * Reads the header, without decoding the image.
     *
     * @param start at least the first {@link #HEADER_BYTES} bytes of the file, or all of a shorter
     *     file
     * @param location how messages call the file
     */
    static Png header(byte[] start, String location) {
        Png png = headerOfAnySize(start, location);
        png.shape.requirePlausible(location);
        return png;
    }

    /** The same, whatever the size is. */
    static Png headerOfAnySize(byte[] start, String location) {
        if (!hasSignature(start)) {
            throw new DatasetException(
                    location
                            + " is not a PNG file (wrong signature); convert it to PNG or remove it");
        }
        if (start.length < HEADER_BYTES) {
            throw truncated(start.length, location);
        }
        ByteBuffer buffer = ByteBuffer.wrap(start, 0, HEADER_BYTES).position(SIGNATURE.length);
        if (checkChunk(buffer, location) != HEADER_CHUNK || buffer.hasRemaining()) {
            throw new DatasetException(
                    location + " does not begin with a PNG header chunk; write it again");
        }
        buffer.position(SIGNATURE.length + 2 * Integer.BYTES);
        int width = buffer.getInt();
        int height = buffer.getInt();
        int bitDepth = buffer.get();
        int colourType = buffer.get();
        int channels =
                switch (colourType) {
                    case 0, 4 -> 1;
                    case 2, 3, 6 -> 3;
                    default ->
                            throw new DatasetException(
                                    location
                                            + " has PNG colour type "
                                            + colourType
                                            + ", which is none of 0, 2, 3, 4, 6; write it again");
                };
        return new Png(new ImageShape(channels, height, width), bitDepth);
    }

    /**
     * Decodes a whole file.
     *
     * @param file all bytes of the file
     * @param location how messages call the file
     * @return unsigned pixels of {@link #shape}, [channels, height, width]; samples of other than 8
     *     bits are scaled to [0, 255] and rounded
     */
    byte[] decode(byte[] file, String location) {
        checkChunks(file, location);
        ImageReader reader = ImageIO.getImageReadersByFormatName("png").next();
        try (ImageInputStream in =
                new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
            reader.setInput(in, true, true);
            return planes(reader.read(0));
        } catch (IOException | RuntimeException e) {
            // The checksums are right, so this is a file that was written wrongly.
            throw new DatasetException(
                    location + " cannot be decoded as PNG (" + e.getMessage() + "); write it again",
                    e);
        } finally {
            reader.dispose();
        }
    }

    /** Takes the stored samples: BufferedImage.getRGB would change grey values by a gamma curve. */
    private byte[] planes(BufferedImage image) {
        Raster raster = image.getRaster();
        int bands = raster.getNumBands();
        int plane = shape.height() * shape.width();
        byte[] planes = new byte[shape.length()];
        IndexColorModel palette =
                shape.channels() == 3 && image.getColorModel() instanceof IndexColorModel model
                        ? model
                        : null;
        int[] row = new int[shape.width() * bands];
        for (int y = 0; y < shape.height(); y++) {
            raster.getPixels(0, y, shape.width(), 1, row);
            for (int x = 0; x < shape.width(); x++) {
                int pixel = y * shape.width() + x;
                if (palette != null) {
                    int rgb = palette.getRGB(row[x]);
                    planes[pixel] = (byte) (rgb >> 16);
                    planes[plane + pixel] = (byte) (rgb >> 8);
                    planes[2 * plane + pixel] = (byte) rgb;
                } else {
                    for (int c = 0; c < shape.channels(); c++) {
                        planes[c * plane + pixel] = toByte(row[x * bands + c]);
                    }
                }
            }
        }
        return planes;
    }

    private byte toByte(int sample) {
        int max = (1 << bitDepth) - 1;
        return (byte) ((sample * 255 + max / 2) / max);
    }

    /** ImageIO checks no checksums and can return a truncated image as if it were complete. */
    static void checkChunks(byte[] file, String location) {
        ByteBuffer buffer = ByteBuffer.wrap(file).position(SIGNATURE.length);
        int type;
        do {
            type = checkChunk(buffer, location);
        } while (type != END_CHUNK);
    }

    /** Checks the chunk at the buffer's position, moves behind it and gives its type. */
    private static int checkChunk(ByteBuffer buffer, String location) {
        if (buffer.remaining() < CHUNK_FRAME_BYTES) {
            throw truncated(buffer.limit(), location);
        }
        long length = Integer.toUnsignedLong(buffer.getInt());
        if (buffer.remaining() < length + CHUNK_FRAME_BYTES - Integer.BYTES) {
            throw truncated(buffer.limit(), location);
        }
        int start = buffer.position();
        int type = buffer.getInt();
        CRC32 crc = new CRC32();
        crc.update(buffer.array(), start, Integer.BYTES + (int) length);
        buffer.position(start + Integer.BYTES + (int) length);
        if (buffer.getInt() != (int) crc.getValue()) {
            String name =
                    new String(buffer.array(), start, Integer.BYTES, StandardCharsets.ISO_8859_1);
            throw new DatasetException(
                    location
                            + " is damaged: the checksum of its "
                            + name
                            + " chunk does not match; copy or download it again");
        }
        return type;
    }

    private static DatasetException truncated(int length, String location) {
        return new DatasetException(
                location
                        + " is truncated: it ends after "
                        + length
                        + " bytes, within a PNG chunk; copy or download it again");
    }
}
