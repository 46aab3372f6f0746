package io.github.edm2.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Decoding and PNG output. */
class ImageFilesTest {

    @TempDir Path folder;

    /** Every pixel value once, encoded. */
    private static INDArray ramp(long... shape) {
        float[] values = new float[256];
        for (int i = 0; i < values.length; i++) {
            values[i] = Pixels.encode((byte) i);
        }
        return Nd4j.create(values, shape, DataType.FLOAT);
    }

    @Test
    void decodeClipsAndTruncates() {
        float[] values = {
            -1e30f, -2, -1.004f, -1, 0, 0.0039f, 0.004f, 0.996f, 1, 7, Float.POSITIVE_INFINITY
        };
        INDArray decoded = Pixels.decode(Nd4j.createFromArray(values));
        assertEquals(DataType.UINT8, decoded.dataType());
        // 127.5 x + 128 of the values between: -0.01, 0.5, 128, 128.497, 128.51, 254.99, 255.5.
        assertArrayEquals(
                new int[] {0, 0, 0, 0, 128, 128, 128, 254, 255, 255, 255}, decoded.toIntVector());
    }

    @Test
    void decodeInvertsEncodeAndLeavesItsInput() {
        INDArray images = ramp(256);
        INDArray before = images.dup();
        int[] decoded = Pixels.decode(images).toIntVector();
        for (int i = 0; i < 256; i++) {
            assertEquals(i, decoded[i]);
        }
        assertEquals(before, images);
    }

    @Test
    void decodeRefusesNaN() {
        INDArray images = Nd4j.createFromArray(0f, Float.NaN);
        assertTrue(
                assertThrows(IllegalArgumentException.class, () -> Pixels.decode(images))
                        .getMessage()
                        .contains("NaN"));
    }

    @Test
    void greyImagesSurviveTheRoundTrip() {
        Path file = folder.resolve("new/folder/x.png");
        ImageFiles.write(ramp(1, 1, 8, 32), List.of(file));
        try (ImageDataset dataset = ImageDataset.open(folder, false)) {
            assertEquals(new ImageShape(1, 8, 32), dataset.shape());
            assertEquals(ramp(1, 1, 8, 32), dataset.images(0));
        }
    }

    @Test
    void rgbImagesSurviveTheRoundTrip() {
        INDArray images = Nd4j.concat(0, ramp(256), ramp(256), ramp(256)).reshape(2, 3, 8, 16);
        ImageFiles.write(images, List.of(folder.resolve("0.png"), folder.resolve("1.png")));
        try (ImageDataset dataset = ImageDataset.open(folder, false)) {
            assertEquals(new ImageShape(3, 8, 16), dataset.shape());
            assertEquals(images, dataset.images(0, 1));
        }
    }

    @Test
    void acceptsAnyOrderAndFloatingPointType() {
        INDArray images = ramp(1, 1, 8, 32);
        Path plain = folder.resolve("a.png");
        Path other = folder.resolve("b.png");
        ImageFiles.write(images, List.of(plain));
        ImageFiles.write(images.castTo(DataType.DOUBLE).dup('f'), List.of(other));
        try (ImageDataset dataset = ImageDataset.open(folder, false)) {
            assertArrayEquals(dataset.pixels(0), dataset.pixels(1));
        }
    }

    @Test
    void pixelsAreWrittenAsTheyAre() throws IOException {
        INDArray images = ramp(1, 1, 8, 32);
        Path network = folder.resolve("a.png");
        Path decoded = folder.resolve("b.png");
        ImageFiles.write(images, List.of(network));
        ImageFiles.write(Pixels.decode(images), List.of(decoded));
        assertArrayEquals(Files.readAllBytes(network), Files.readAllBytes(decoded));
    }

    @Test
    void gridPlacesEnlargedImagesRowByRow() throws IOException {
        // Three images of 1x2 pixels: reds 0 and 1, 2 and 3, 4 and 5; greens 10 more; blues 20
        // more.
        float[] values = new float[18];
        for (int i = 0; i < 18; i++) {
            values[i] = Pixels.encode((byte) (i / 6 * 2 + i % 2 + i / 2 % 3 * 10));
        }
        Path file = folder.resolve("grid.png");
        ImageFiles.writeGrid(
                Nd4j.create(values, new long[] {3, 3, 1, 2}, DataType.FLOAT), 2, 3, file);
        BufferedImage grid = ImageIO.read(file.toFile());
        assertEquals(2 * 6 + 2, grid.getWidth());
        assertEquals(2 * 3 + 2, grid.getHeight());
        for (int y = 0; y < grid.getHeight(); y++) {
            for (int x = 0; x < grid.getWidth(); x++) {
                boolean gap = x == 6 || x == 7 || y == 3 || y == 4;
                boolean missing = x > 7 && y > 4;
                int red = (y > 4 ? 4 : x > 7 ? 2 : 0) + x % 8 / 3;
                int expected = gap || missing ? 0xffffff : red << 16 | red + 10 << 8 | red + 20;
                assertEquals(expected, grid.getRGB(x, y) & 0xffffff, x + "," + y);
            }
        }
    }

    @Test
    void gridOfGreyImagesIsGrey() {
        ImageFiles.writeGrid(ramp(4, 1, 8, 8), 2, 1, folder.resolve("grid.png"));
        try (ImageDataset dataset = ImageDataset.open(folder, false)) {
            assertEquals(new ImageShape(1, 18, 18), dataset.shape());
            assertEquals(64, dataset.pixels(0)[10]);
        }
    }

    @Test
    void replacesAnExistingFile() throws IOException {
        Path file = folder.resolve("x.png");
        Files.writeString(file, "old");
        ImageFiles.write(ramp(1, 1, 16, 16), List.of(file));
        assertEquals(16, ImageIO.read(file.toFile()).getWidth());
    }

    @Test
    void aFailedWriteLeavesNothing() throws IOException {
        Path occupied = Files.createDirectories(folder.resolve("x.png"));
        Files.writeString(occupied.resolve("inside"), "keeps the folder from being replaced");
        UncheckedIOException e =
                assertThrows(
                        UncheckedIOException.class,
                        () -> ImageFiles.write(ramp(1, 1, 16, 16), List.of(occupied)));
        assertTrue(e.getMessage().contains("x.png"), e.getMessage());
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(occupied), left.toList());
        }
        Path file = Files.writeString(folder.resolve("file"), "not a folder");
        assertThrows(
                UncheckedIOException.class,
                () -> ImageFiles.writeGrid(ramp(1, 1, 16, 16), 1, 1, file.resolve("y.png")));
    }

    @Test
    void refusesWrongArguments() {
        Path file = folder.resolve("x.png");
        INDArray one = ramp(1, 1, 16, 16);
        for (INDArray wrong : List.of(ramp(1, 2, 16, 8), ramp(1, 16, 16))) {
            assertTrue(
                    assertThrows(
                                    IllegalArgumentException.class,
                                    () -> ImageFiles.write(wrong, List.of(file)))
                            .getMessage()
                            .contains("16"));
        }
        assertThrows(
                IllegalArgumentException.class, () -> ImageFiles.write(one, List.of(file, file)));
        assertThrows(IllegalArgumentException.class, () -> ImageFiles.writeGrid(one, 0, 1, file));
        assertThrows(IllegalArgumentException.class, () -> ImageFiles.writeGrid(one, 1, 0, file));
        assertFalse(Files.exists(file));
    }
}
