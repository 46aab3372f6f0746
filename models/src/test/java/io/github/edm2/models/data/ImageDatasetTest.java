package io.github.edm2.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What opens and what comes out of it. */
class ImageDatasetTest {

    private static final byte[] LABELS =
            "{\"other\": {\"a\": [1]}, \"labels\": [[\"b/1.png\", 2], [\"a.png\", 0], [\"c.PNG\", 4]]}"
                    .getBytes(StandardCharsets.UTF_8);

    @TempDir Path folder;

    private final Map<String, byte[]> files = new TreeMap<>();

    @BeforeEach
    void makeFiles() throws IOException {
        files.put("c.PNG", TestFiles.grey(2, 3, 30));
        files.put("a.png", TestFiles.grey(2, 3, 10));
        files.put("b/1.png", TestFiles.grey(2, 3, 20));
        files.put("b/._1.png", "of the operating system".getBytes(StandardCharsets.UTF_8));
        files.put("readme.txt", "no image".getBytes(StandardCharsets.UTF_8));
        files.put("dataset.json", LABELS);
    }

    private Path writeFolder() throws IOException {
        Path root = folder.resolve("set.v1");
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            TestFiles.write(root.resolve(file.getKey()), file.getValue());
        }
        return root;
    }

    private static void assertHoldsTheThreeImages(ImageDataset dataset) {
        assertEquals(3, dataset.count());
        assertEquals(new ImageShape(1, 2, 3), dataset.shape());
        assertEquals(5, dataset.classes());
        assertArrayEquals(new byte[] {10, 10, 10, 10, 10, 10}, dataset.pixels(0));
        assertEquals(20, dataset.pixels(1)[5]);
        assertEquals(30, dataset.pixels(2)[0]);
        assertArrayEquals(
                new int[] {0, 2, 4},
                new int[] {dataset.label(0), dataset.label(1), dataset.label(2)});
    }

    @Test
    void opensAFolderInTheOrderOfItsPaths() throws IOException {
        try (ImageDataset dataset = ImageDataset.open(writeFolder(), true)) {
            assertEquals("set", dataset.name());
            assertHoldsTheThreeImages(dataset);
        }
    }

    @Test
    void opensAZipArchive() throws IOException {
        Path zip = TestFiles.zip(folder.resolve("images.zip"), files);
        try (ImageDataset dataset = ImageDataset.open(zip, true)) {
            assertEquals("images", dataset.name());
            assertHoldsTheThreeImages(dataset);
        }
    }

    @Test
    void usesLabelsOnlyWhenAsked() throws IOException {
        files.put("dataset.json", "not even JSON".getBytes(StandardCharsets.UTF_8));
        try (ImageDataset dataset = ImageDataset.open(writeFolder(), false)) {
            assertFalse(dataset.isConditional());
            assertEquals(0, dataset.classes());
            assertThrows(IllegalStateException.class, () -> dataset.label(0));
            assertThrows(IllegalStateException.class, () -> dataset.labels(0));
        }
    }

    @Test
    void keepsDecodedImagesOnlyWithinTheLimit() throws IOException {
        Path root = writeFolder();
        try (ImageDataset dataset = ImageDataset.open(root, false, 11)) {
            dataset.images(0, 1, 2);
            dataset.pixels(0);
            int kept = 0;
            for (String name : new String[] {"a.png", "b/1.png", "c.PNG"}) {
                Files.delete(root.resolve(name));
            }
            for (int i = 0; i < 3; i++) {
                try {
                    dataset.pixels(i);
                    kept++;
                } catch (DatasetException e) {
                    assertTrue(e.getMessage().startsWith("Cannot read"), e.getMessage());
                }
            }
            assertEquals(1, kept, "images of 6 bytes in 11 bytes");
        }
    }

    @Test
    void pixelsAreACopy() throws IOException {
        try (ImageDataset dataset = ImageDataset.open(writeFolder(), false)) {
            dataset.pixels(0)[0] = 99;
            assertEquals(10, dataset.pixels(0)[0]);
        }
    }

    @Test
    void encodesPixelsToMinusOneToOneAndLabelsToOneHot() throws IOException {
        files.put("a.png", TestFiles.grey(2, 3, 0));
        files.put("c.PNG", TestFiles.grey(2, 3, 255));
        try (ImageDataset dataset = ImageDataset.open(writeFolder(), true)) {
            INDArray images = dataset.images(2, 0, 1);
            assertArrayEquals(new long[] {3, 1, 2, 3}, images.shape());
            assertEquals(DataType.FLOAT, images.dataType());
            assertEquals(1f, images.getFloat(0, 0, 1, 2));
            assertEquals(-1f, images.getFloat(1, 0, 0, 0));
            assertEquals(20 / 127.5f - 1, images.getFloat(2, 0, 1, 1));
            assertArrayEquals(
                    new float[][] {{0, 0, 0, 0, 1}, {1, 0, 0, 0, 0}},
                    dataset.labels(2, 0).toFloatMatrix());
        }
    }

    private ImageDataset openOne(byte[] png) throws IOException {
        TestFiles.write(folder.resolve("one/x.png"), png);
        return ImageDataset.open(folder.resolve("one"), false);
    }

    @Test
    void readsRgbAsThreePlanes() throws IOException {
        BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, 0x010203);
        image.setRGB(1, 0, 0xfbfcfd);
        assertArrayEquals(
                new byte[] {1, (byte) 0xfb, 2, (byte) 0xfc, 3, (byte) 0xfd},
                openOne(TestFiles.png(image)).pixels(0));
    }

    @Test
    void dropsTransparency() throws IOException {
        BufferedImage image = new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB);
        image.setRGB(0, 0, 0x40010203);
        assertArrayEquals(new byte[] {1, 2, 3}, openOne(TestFiles.png(image)).pixels(0));
    }

    @Test
    void turnsAPaletteIntoRgb() throws IOException {
        byte[] red = {9, 1};
        byte[] green = {8, 2};
        byte[] blue = {7, (byte) 0xf0};
        BufferedImage image =
                new BufferedImage(
                        2,
                        1,
                        BufferedImage.TYPE_BYTE_INDEXED,
                        new IndexColorModel(8, 2, red, green, blue));
        image.getRaster().setSample(0, 0, 0, 1);
        assertArrayEquals(
                new byte[] {1, 9, 2, 8, (byte) 0xf0, 7}, openOne(TestFiles.png(image)).pixels(0));
    }

    @Test
    void scalesSixteenBitsAndOneBitToEight() throws IOException {
        byte[] deep = TestFiles.png(BufferedImage.TYPE_USHORT_GRAY, 1, 2, 0x8001);
        assertArrayEquals(new byte[] {(byte) 0x80, (byte) 0x80}, openOne(deep).pixels(0));
        byte[] bit = TestFiles.png(BufferedImage.TYPE_BYTE_BINARY, 1, 2, 1);
        try (ImageDataset dataset = openOne(bit)) {
            assertEquals(1, dataset.shape().channels());
            assertArrayEquals(new byte[] {(byte) 255, (byte) 255}, dataset.pixels(0));
        }
    }

    @Test
    void keepsStoredGreyValues() throws IOException {
        for (int value : new int[] {1, 64, 128, 200}) {
            assertEquals((byte) value, openOne(TestFiles.grey(1, 1, value)).pixels(0)[0]);
        }
    }

    @Test
    void opensIdxFilesWithTheirLabels() throws IOException {
        Path images = folder.resolve("train-images-idx3-ubyte.gz");
        TestFiles.write(images, TestFiles.gzip(TestFiles.idxImages(4)));
        TestFiles.write(
                folder.resolve("train-labels-idx1-ubyte"), TestFiles.idxLabels(0, 1, 200, 1));
        try (ImageDataset dataset = ImageDataset.open(images, true)) {
            assertEquals("train-images-idx3-ubyte", dataset.name());
            assertEquals(4, dataset.count());
            assertEquals(new ImageShape(1, 2, 3), dataset.shape());
            assertEquals(201, dataset.classes());
            assertEquals(200, dataset.label(2));
            assertArrayEquals(new byte[] {3, 4, 5, 6, 7, 8}, dataset.pixels(3));
        }
    }

    @Test
    void opensTheTrainingSetOfAnIdxFolder() throws IOException {
        TestFiles.write(folder.resolve("t10k-images-idx3-ubyte"), TestFiles.idxImages(2));
        TestFiles.write(folder.resolve("train-images-idx3-ubyte"), TestFiles.idxImages(5));
        // Both forms of one file, as some downloaders leave them.
        TestFiles.write(
                folder.resolve("train-images-idx3-ubyte.gz"),
                TestFiles.gzip(TestFiles.idxImages(5)));
        try (ImageDataset dataset = ImageDataset.open(folder, false)) {
            assertEquals(5, dataset.count());
        }
    }
}
