package io.github.edm2.models.data;

import java.awt.image.Raster;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * JPEG files of four colours, cyan, magenta, yellow and black, as the Python imaging library makes
 * RGB of them: the samples are inverted, as Adobe's programs write them, whoever has written the
 * file, and a profile is not applied.
 *
 * @param transformed whether the first three samples are luma and chroma
 */
record CmykJpeg(boolean transformed) {

    private static final int SAMPLES = 4;

    private static final int START = 0xffd8;
    private static final int APP14 = 0xffee;
    private static final int SCAN = 0xffda;
    private static final int FIRST_FRAME = 0xffc0;
    private static final int LAST_FRAME = 0xffcf;
    private static final int HUFFMAN_TABLE = 0xffc4;
    private static final int EXTENSION = 0xffc8;
    private static final int ARITHMETIC_TABLE = 0xffcc;

    /** Of the number of components, behind a frame's marker. */
    private static final int COMPONENTS_AT = 7;

    private static final byte[] ADOBE = "Adobe".getBytes(StandardCharsets.US_ASCII);

    /** Of the byte that tells the transform, behind Adobe's marker. */
    private static final int TRANSFORM_AT = 13;

    /** Finds out whether a file is one, by the segments before its first scan. */
    static Optional<CmykJpeg> of(byte[] file) {
        ByteBuffer bytes = ByteBuffer.wrap(file);
        if (file.length < Short.BYTES || marker(bytes, 0) != START) {
            return Optional.empty();
        }
        int samples = 0;
        boolean transformed = false;
        int at = Short.BYTES;
        while (at + 2 * Short.BYTES <= file.length && marker(bytes, at) != SCAN) {
            int marker = marker(bytes, at);
            int data = at + Short.BYTES;
            int end = data + Short.toUnsignedInt(bytes.getShort(data));
            if (isFrame(marker) && data + COMPONENTS_AT < file.length) {
                samples = file[data + COMPONENTS_AT];
            }
            if (marker == APP14 && data + TRANSFORM_AT < file.length && isAdobe(bytes, data)) {
                transformed = file[data + TRANSFORM_AT] != 0;
            }
            at = end;
        }
        return samples == SAMPLES ? Optional.of(new CmykJpeg(transformed)) : Optional.empty();
    }

    private static int marker(ByteBuffer bytes, int at) {
        return Short.toUnsignedInt(bytes.getShort(at));
    }

    private static boolean isFrame(int marker) {
        return marker >= FIRST_FRAME
                && marker <= LAST_FRAME
                && marker != HUFFMAN_TABLE
                && marker != EXTENSION
                && marker != ARITHMETIC_TABLE;
    }

    private static boolean isAdobe(ByteBuffer bytes, int data) {
        return bytes.slice(data + Short.BYTES, ADOBE.length).equals(ByteBuffer.wrap(ADOBE));
    }

    /**
     * The image in RGB.
     *
     * @param raster the samples as they are in the file
     */
    RgbImage rgb(Raster raster) {
        int height = raster.getHeight();
        int width = raster.getWidth();
        int plane = height * width;
        byte[] planes = new byte[RgbImage.CHANNELS * plane];
        int[] row = new int[SAMPLES * width];
        int[] inks = new int[RgbImage.CHANNELS];
        for (int y = 0; y < height; y++) {
            raster.getPixels(0, y, width, 1, row);
            for (int x = 0; x < width; x++) {
                int from = SAMPLES * x;
                inks(row, from, inks);
                int black = row[from + RgbImage.CHANNELS];
                for (int c = 0; c < RgbImage.CHANNELS; c++) {
                    planes[c * plane + y * width + x] = (byte) ((inks[c] * black + 127) / 255);
                }
            }
        }
        return new RgbImage(height, width, planes);
    }

    /** Inverted cyan, magenta and yellow; of luma and chroma by ITU-T T.871, 7, negated. */
    private void inks(int[] samples, int from, int[] inks) {
        if (!transformed) {
            System.arraycopy(samples, from, inks, 0, RgbImage.CHANNELS);
            return;
        }
        int luma = samples[from];
        int blue = samples[from + 1] - 128;
        int red = samples[from + 2] - 128;
        inks[0] = negative(luma + 1.402 * red);
        inks[1] = negative(luma - (0.114 * 1.772 * blue + 0.299 * 1.402 * red) / 0.587);
        inks[2] = negative(luma + 1.772 * blue);
    }

    private static int negative(double colour) {
        return 255 - (int) Math.max(0, Math.min(255, Math.round(colour)));
    }
}
