package io.github.edm2.models.data;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.models.Count;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Writes a network's images [batch, channels, height, width], values around [-1, 1], to PNG files:
 * grey for 1 channel, RGB for 3, decoded by {@link Pixels#decode} unless they are so already
 * (UINT8). A file appears complete under its name or not at all.
 */
public final class ImageFiles {

    /** Pixels between two images of a grid. */
    private static final int GAP = 2;

    private static final byte BACKGROUND = (byte) 255;

    private ImageFiles() {}

    /**
     * Writes one file per image, and the folders that they need.
     *
     * @param images [batch, channels, height, width]
     * @param files as many as images
     * @throws IllegalArgumentException if the shape is another one, the numbers differ or a value
     *     is NaN
     * @throws UncheckedIOException if a file cannot be written; earlier ones stay
     */
    public static void write(INDArray images, List<Path> files) {
        Interleaved pixels = Interleaved.of(images);
        if (files.size() != pixels.count) {
            throw new IllegalArgumentException(
                    "files must be as many as images, got "
                            + Count.of(files.size(), "file", "files")
                            + " for "
                            + Count.images(pixels.count));
        }
        int length = pixels.height * pixels.width * pixels.channels;
        for (int i = 0; i < files.size(); i++) {
            byte[] image = Arrays.copyOfRange(pixels.data, i * length, (i + 1) * length);
            writePng(image, pixels.channels, pixels.height, pixels.width, files.get(i));
        }
    }

    /**
     * Writes all images into one file, row by row, on white.
     *
     * @param images [batch, channels, height, width]
     * @param columns images in a row, at least 1; the last row may have fewer
     * @param scale side of the square that a pixel becomes, at least 1
     * @param file where to; its folder is made
     * @throws IllegalArgumentException if the shape is another one, columns or scale is too small
     *     or a value is NaN
     * @throws UncheckedIOException if the file cannot be written
     */
    public static void writeGrid(INDArray images, int columns, int scale, Path file) {
        if (columns < 1 || scale < 1) {
            throw new IllegalArgumentException(
                    "columns and scale must be at least 1, got " + columns + " and " + scale);
        }
        Interleaved pixels = Interleaved.of(images);
        int rows = (pixels.count + columns - 1) / columns;
        int gridHeight = rows * (pixels.height * scale + GAP) - GAP;
        int gridWidth = columns * (pixels.width * scale + GAP) - GAP;
        int stride = gridWidth * pixels.channels;
        byte[] grid = new byte[Math.multiplyExact(gridHeight, stride)];
        Arrays.fill(grid, BACKGROUND);
        for (int i = 0; i < pixels.count; i++) {
            int top = i / columns * (pixels.height * scale + GAP);
            int left = i % columns * (pixels.width * scale + GAP);
            for (int y = 0; y < pixels.height; y++) {
                byte[] line = pixels.enlargedRow(i, y, scale);
                for (int copy = 0; copy < scale; copy++) {
                    int start = (top + y * scale + copy) * stride + left * pixels.channels;
                    System.arraycopy(line, 0, grid, start, line.length);
                }
            }
        }
        writePng(grid, pixels.channels, gridHeight, gridWidth, file);
    }

    private static void writePng(byte[] pixels, int channels, int height, int width, Path file) {
        BufferedImage image =
                new BufferedImage(
                        width,
                        height,
                        channels == 1
                                ? BufferedImage.TYPE_BYTE_GRAY
                                : BufferedImage.TYPE_3BYTE_BGR);
        image.getRaster().setDataElements(0, 0, width, height, pixels);
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            AtomicFile.write(file, out -> ImageIO.write(image, "png", out));
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "Cannot write "
                            + file
                            + "; check the folder, its permissions and the free space",
                    e);
        }
    }

    /** Decoded images, [count, height, width, channels] as image files have them. */
    private record Interleaved(byte[] data, int count, int channels, int height, int width) {

        static Interleaved of(INDArray images) {
            if (images.rank() != 4 || (images.size(1) != 1 && images.size(1) != 3)) {
                throw new IllegalArgumentException(
                        "images must be [batch, 1 or 3 channels, height, width], got "
                                + Arrays.toString(images.shape()));
            }
            INDArray pixels = images.dataType() == DataType.UINT8 ? images : Pixels.decode(images);
            INDArray interleaved = pixels.permute(0, 2, 3, 1).dup('c');
            return new Interleaved(
                    interleaved.data().asBytes(),
                    (int) images.size(0),
                    (int) images.size(1),
                    (int) images.size(2),
                    (int) images.size(3));
        }

        byte[] enlargedRow(int image, int y, int scale) {
            byte[] row = new byte[width * scale * channels];
            int start = (image * height + y) * width * channels;
            for (int x = 0; x < width * scale; x++) {
                System.arraycopy(data, start + x / scale * channels, row, x * channels, channels);
            }
            return row;
        }
    }
}
