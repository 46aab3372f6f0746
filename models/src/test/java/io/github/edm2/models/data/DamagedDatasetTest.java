package io.github.edm2.models.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every dataset that cannot be used is refused with a message that names the file and what is
 * wrong.
 */
class DamagedDatasetTest {

    @TempDir Path folder;

    private void assertRefused(Path path, boolean cond, String... inMessage) {
        assertMessage(
                assertThrows(DatasetException.class, () -> ImageDataset.open(path, cond)),
                inMessage);
    }

    /** The dataset opens, and reading its image {@code index} fails, alone and within a batch. */
    private static void assertRefusedWhenRead(
            ImageDataset dataset, int index, String... inMessage) {
        assertMessage(assertThrows(DatasetException.class, () -> dataset.pixels(index)), inMessage);
        int[] all = new int[dataset.count()];
        Arrays.setAll(all, i -> i);
        assertMessage(assertThrows(DatasetException.class, () -> dataset.images(all)), inMessage);
    }

    private static void assertMessage(Exception e, String... parts) {
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), "'" + part + "' in: " + e.getMessage());
        }
    }

    private void write(String name, byte[] bytes) throws IOException {
        TestFiles.write(folder.resolve(name), bytes);
    }

    private void write(String name, String text) throws IOException {
        write(name, text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void missingPath() {
        assertRefused(
                folder.resolve("nowhere"), false, "nowhere", "a folder or zip archive of images");
    }

    @Test
    void folderAndZipWithoutImages() throws IOException {
        write("photo.txt", "jpeg");
        assertRefused(folder, false, folder.toString(), "no images");
        Path zip = TestFiles.zip(folder.resolve("x.zip"), Map.of("photo.txt", new byte[1]));
        assertRefused(zip, false, "x.zip", "no images");
    }

    @Test
    void fileOfAnotherFormat() throws IOException {
        write("a.zip", "Not a zip archive");
        assertRefused(folder.resolve("a.zip"), false, "a.zip", "neither a zip archive nor");
        write("empty.zip", "");
        assertRefused(folder.resolve("empty.zip"), false, "empty.zip", "neither a zip archive nor");
    }

    @Test
    void truncatedZip() throws IOException {
        Path zip = TestFiles.zip(folder.resolve("x.zip"), Map.of("a.png", TestFiles.grey(2, 2, 1)));
        byte[] bytes = Files.readAllBytes(zip);
        Files.write(zip, Arrays.copyOf(bytes, bytes.length - 30));
        assertRefused(zip, false, "x.zip", "not a complete zip archive");
    }

    @Test
    void zipEntryWithAWrongChecksum() throws IOException {
        Path zip =
                TestFiles.zip(folder.resolve("x.zip"), Map.of("d/a.png", TestFiles.grey(2, 2, 1)));
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(zip)).order(ByteOrder.LITTLE_ENDIAN);
        int directory = bytes.getInt(bytes.limit() - 6);
        bytes.putInt(directory + 16, bytes.getInt(directory + 16) + 1);
        Files.write(zip, bytes.array());
        try (ImageDataset dataset = ImageDataset.open(zip, false)) {
            assertRefusedWhenRead(dataset, 0, "x.zip!/d/a.png", "checksum");
        }
    }

    @Test
    void zipEntryWithDamagedBytes() throws IOException {
        BufferedImage noise = new BufferedImage(64, 64, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < 4096; i++) {
            noise.getRaster().setSample(i % 64, i / 64, 0, i * i * 31 >> 5 & 255);
        }
        Path zip =
                TestFiles.zip(
                        folder.resolve("x.zip"),
                        Map.of("a.png", TestFiles.png(noise), "b.png", TestFiles.grey(64, 64, 1)));
        byte[] bytes = Files.readAllBytes(zip);
        int entry = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("a.png");
        Arrays.fill(bytes, entry + 600, entry + 620, (byte) 0x55);
        Files.write(zip, bytes);
        try (ImageDataset dataset = ImageDataset.open(zip, false)) {
            assertEquals(1, dataset.pixels(1)[0]);
            assertRefusedWhenRead(dataset, 0, "x.zip!/a.png");
        }
    }

    @Test
    void textFileNamedPng() throws IOException {
        write("d/a.png", "this is not an image, it only has the name of one");
        assertRefused(folder, false, "a.png", "not a PNG file");
        write("d/a.png", "");
        assertRefused(folder, false, "a.png", "not a PNG file");
    }

    @Test
    void linkToNowhere() throws IOException {
        Files.createSymbolicLink(folder.resolve("a.png"), folder.resolve("gone.png"));
        assertRefused(folder, false, "Cannot read", "a.png", "there is no file");
    }

    @Test
    void imagesOfDifferentSizesOrChannels() throws IOException {
        write("a.png", TestFiles.grey(2, 3, 0));
        write("b.png", TestFiles.grey(4, 3, 0));
        assertRefused(folder, false, "a.png is 2x3", "b.png is 4x3");
        write("b.png", TestFiles.png(BufferedImage.TYPE_INT_RGB, 2, 3, 1, 2, 3));
        assertRefused(folder, false, "a.png is 2x3", "1 channel", "b.png is 2x3", "3 channels");
    }

    @Test
    void headerThatClaimsAnEnormousImage() throws IOException {
        write("a.png", TestFiles.withHeaderSize(TestFiles.grey(2, 2, 0), 40_000, 40_000));
        assertRefused(folder, false, "a.png", "40000x40000", "1 to 8192");
        write("a.png", TestFiles.withHeaderSize(TestFiles.grey(2, 2, 0), 0, 2));
        assertRefused(folder, false, "a.png", "2x0", "1 to 8192");
    }

    @Test
    void headerWithAWrongChecksum() throws IOException {
        byte[] png = TestFiles.grey(2, 2, 0);
        png[19]++;
        write("a.png", png);
        assertRefused(folder, false, "a.png", "checksum", "IHDR");
    }

    @Test
    void truncatedImage() throws IOException {
        byte[] png = TestFiles.grey(2, 2, 0);
        for (int length : new int[] {20, 32}) {
            write("a.png", Arrays.copyOf(png, length));
            assertRefused(folder, false, "a.png", "truncated", length + " bytes");
        }
        for (int length : new int[] {33, 40, png.length - 12, png.length - 1}) {
            write("a.png", Arrays.copyOf(png, length));
            try (ImageDataset dataset = ImageDataset.open(folder, false)) {
                assertRefusedWhenRead(dataset, 0, "a.png", "truncated", length + " bytes");
            }
        }
    }

    @Test
    void imageWithAFlippedBit() throws IOException {
        byte[] png = TestFiles.grey(2, 2, 0);
        png[45] ^= 1;
        write("a.png", png);
        try (ImageDataset dataset = ImageDataset.open(folder, false)) {
            assertRefusedWhenRead(dataset, 0, "a.png", "checksum", "IDAT");
        }
    }

    @Test
    void imageWhoseDataDoesNotFillItsSize() throws IOException {
        write("a.png", TestFiles.withHeaderSize(TestFiles.grey(2, 2, 0), 2, 4000));
        try (ImageDataset dataset = ImageDataset.open(folder, false)) {
            assertRefusedWhenRead(dataset, 0, "a.png", "cannot be decoded");
        }
    }

    @Test
    void imageThatChangesAfterOpening() throws IOException {
        write("a.png", TestFiles.grey(2, 2, 0));
        try (ImageDataset dataset = ImageDataset.open(folder, false)) {
            write("a.png", TestFiles.grey(2, 3, 0));
            assertRefusedWhenRead(dataset, 0, "a.png", "2x2", "2x3");
            Files.delete(folder.resolve("a.png"));
            assertRefusedWhenRead(dataset, 0, "Cannot read", "a.png");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"labels\": null} | does not exist or says",
                "{\"x\": 1} | does not exist or says",
                "{\"labels\": [[\"a.png\", 0], | not valid JSON",
                "labels | not valid JSON",
                "[1] | must be an object",
                "{\"labels\": 7} | list of pairs",
                "{\"labels\": {\"a.png\": 1}} | list of pairs",
                "{\"labels\": [\"a.png\", 1]} | list of pairs",
                "{\"labels\": [[\"a.png\", 1, 2]]} | list of pairs",
                "{\"labels\": [[\"a.png\", -1]]} | a.png must be an integer from 0 to 99999, got -1",
                "{\"labels\": [[\"a.png\", 100000]]} | 0 to 99999, got 100000",
                "{\"labels\": [[\"a.png\", 99999999999999999999]]} | got 99999999999999999999",
                "{\"labels\": [[\"a.png\", 1.5]]} | got 1.5",
                "{\"labels\": [[\"a.png\", \"1\"]]} | got 1",
                "{\"labels\": [[\"a.png\", null]]} | got null",
                "{\"labels\": [[\"a.png\", 1], [\"a.png\", 1]]} | names a.png twice",
                "{\"labels\": []} | no label for the image a.png",
                "{\"labels\": [[\"a.png\", 1], [\"gone.png\", 1]]} | label for gone.png",
            })
    void wrongLabels(String json, String inMessage) throws IOException {
        write("set/a.png", TestFiles.grey(2, 2, 0));
        write("set/dataset.json", json);
        assertRefused(folder.resolve("set"), true, "dataset.json", inMessage);
        Path zip =
                TestFiles.zip(
                        folder.resolve("x.zip"),
                        Map.of(
                                "a.png",
                                TestFiles.grey(2, 2, 0),
                                "dataset.json",
                                json.getBytes(StandardCharsets.UTF_8)));
        assertRefused(zip, true, "x.zip!/dataset.json", inMessage);
    }

    @Test
    void labelsAskedForAndNoneThere() throws IOException {
        write("a.png", TestFiles.grey(2, 2, 0));
        assertRefused(folder, true, "dataset.json", "add labels or train without them");
        write("b/t-images-idx3-ubyte", TestFiles.idxImages(1));
        assertRefused(
                folder.resolve("b"), true, "t-images-idx3-ubyte", "has no t-labels-idx1-ubyte");
        write("c/pictures", TestFiles.idxImages(1));
        assertRefused(folder.resolve("c/pictures"), true, "pictures", "images-idx3");
    }

    @Test
    void idxOfAnotherKind() throws IOException {
        write("x-images-idx3-ubyte", TestFiles.idxLabels(1, 2));
        assertRefused(folder, false, "x-images-idx3-ubyte", "0x00000801", "0x00000803");
        write("x-images-idx3-ubyte", TestFiles.idxImages(2));
        write("x-labels-idx1-ubyte", TestFiles.idxImages(2));
        assertRefused(folder, true, "x-labels-idx1-ubyte", "0x00000803", "0x00000801");
    }

    @Test
    void idxWithAnImpossibleHeader() throws IOException {
        write("x-images-idx3-ubyte", TestFiles.idxImages(0x803, 0, 2, 2));
        assertRefused(folder, false, "x-images-idx3-ubyte", "count of 0");
        write("x-images-idx3-ubyte", TestFiles.idxImages(0x803, 1, 1, 10_000));
        assertRefused(folder, false, "x-images-idx3-ubyte", "1x10000", "1 to 8192");
    }

    @Test
    void truncatedIdx() throws IOException {
        byte[] images = TestFiles.idxImages(3);
        Path file = folder.resolve("x-images-idx3-ubyte");
        write("x-images-idx3-ubyte", Arrays.copyOf(images, images.length - 1));
        assertRefused(file, false, file.toString(), "states 3 items and it holds 2");
        write("x-images-idx3-ubyte", Arrays.copyOf(images, 10));
        assertRefused(file, false, file.toString(), "truncated");
        byte[] zipped = TestFiles.gzip(images);
        write("x-images-idx3-ubyte", Arrays.copyOf(zipped, zipped.length - 12));
        assertRefused(file, false, file.toString(), "truncated");
        zipped[zipped.length - 6]++;
        write("x-images-idx3-ubyte", zipped);
        assertRefused(file, false, file.toString(), "Cannot read", "Corrupt GZIP trailer");
        write("x-images-idx3-ubyte", Arrays.copyOf(images, images.length + 1));
        assertRefused(file, false, file.toString(), "goes on after the 3 items");
        write("x-images-idx3-ubyte", images);
        byte[] labels = TestFiles.idxLabels(0, 1, 2);
        write("x-labels-idx1-ubyte", Arrays.copyOf(labels, labels.length - 1));
        assertRefused(file, true, "x-labels-idx1-ubyte", "states 3 items and it holds 2");
    }

    @Test
    void idxWithAnotherNumberOfLabels() throws IOException {
        write("x-images-idx3-ubyte", TestFiles.idxImages(3));
        write("x-labels-idx1-ubyte", TestFiles.idxLabels(0, 1));
        assertRefused(folder, true, "labels-idx1-ubyte holds 2", "images-idx3-ubyte holds 3");
    }

    @Test
    void severalIdxFilesWithoutATrainingSet() throws IOException {
        write("a-images-idx3-ubyte", TestFiles.idxImages(3));
        write("b-images-idx3-ubyte", TestFiles.idxImages(3));
        assertRefused(folder, false, "a-images-idx3-ubyte", "b-images-idx3-ubyte", "train");
    }

    @Test
    void negativeCacheLimit() throws IOException {
        write("a.png", TestFiles.grey(2, 2, 0));
        assertThrows(IllegalArgumentException.class, () -> ImageDataset.open(folder, false, -1));
    }
}
