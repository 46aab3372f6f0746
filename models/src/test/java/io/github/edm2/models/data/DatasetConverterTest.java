package io.github.edm2.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sources of all kinds become an archive that can be trained with, or nothing at all. */
class DatasetConverterTest {

    private static final ConversionOptions AS_THEY_ARE = options(ImageTransform.NONE, null, false);

    @TempDir Path folder;

    private Path source;
    private Path dest;

    private final List<String> listed = new ArrayList<>();

    private final DatasetConverter.Progress progress =
            new DatasetConverter.Progress() {
                @Override
                public void resumed(int done, int total) {
                    fail("nothing was interrupted");
                }

                @Override
                public void restarted() {
                    fail("nothing was interrupted");
                }

                @Override
                public void update(int done, int total) {
                    assertTrue(done >= 1 && done <= total);
                }

                @Override
                public void unreadable(String message) {
                    listed.add(message);
                }
            };

    @BeforeEach
    void makeFolders() throws IOException {
        source = Files.createDirectory(folder.resolve("source"));
        dest = folder.resolve("made/data.zip");
    }

    private static ConversionOptions options(
            ImageTransform transform, Resolution resolution, boolean skipBad) {
        return new ConversionOptions(
                transform, resolution, Integer.MAX_VALUE, false, false, skipBad);
    }

    private DatasetConverter.Summary convert(Path from, ConversionOptions options)
            throws IOException {
        return DatasetConverter.convert(from, dest, options, progress);
    }

    private void write(String name, byte[] file) throws IOException {
        TestFiles.write(source.resolve(name), file);
    }

    /** A square of a colour. */
    private static byte[] square(int side, int red) throws IOException {
        return TestFiles.png(BufferedImage.TYPE_3BYTE_BGR, side, side, red, 20, 30);
    }

    private String entry(String name) throws IOException {
        try (ZipFile zip = new ZipFile(dest.toFile())) {
            return new String(
                    zip.getInputStream(zip.getEntry(name)).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private void assertRefused(ConversionOptions options, String... parts) throws IOException {
        String message =
                assertThrows(DatasetException.class, () -> convert(source, options)).getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), part + " in: " + message);
        }
        if (Files.exists(dest.getParent())) {
            try (Stream<Path> left = Files.list(dest.getParent())) {
                assertEquals(List.of(), left.toList());
            }
        }
    }

    @Test
    void folderBecomesADatasetWithItsPixelsAndLabels() throws IOException {
        write("dog/b.png", square(8, 3));
        write("cat/z.png", square(8, 2));
        write("cat/a.png", square(8, 1));
        DatasetConverter.Summary summary = convert(source, AS_THEY_ARE);
        assertEquals(
                new DatasetConverter.Summary(
                        3, 0, 0, new Resolution(8, 8), 2, false, List.of("cat", "dog"), "", 0),
                summary);
        assertEquals(
                "{\"labels\":[[\"00000/img00000000.png\",0],[\"00000/img00000001.png\",0],[\"00000/img00000002.png\",1]],\"classes\":[\"cat\",\"dog\"]}",
                entry("dataset.json"));
        try (ImageDataset original = ImageDataset.open(source, false);
                ImageDataset converted = ImageDataset.open(dest, true)) {
            assertEquals(original.shape(), converted.shape());
            for (int i = 0; i < 3; i++) {
                assertArrayEquals(original.pixels(i), converted.pixels(i));
                assertEquals(i / 2, converted.label(i));
            }
        }
    }

    @Test
    void archiveIsUncompressedAndTheSameEveryTime() throws IOException {
        for (int i = 0; i < 20; i++) {
            write(i + ".png", square(8, i));
        }
        convert(source, AS_THEY_ARE);
        byte[] first = Files.readAllBytes(dest);
        convert(source, AS_THEY_ARE);
        assertArrayEquals(first, Files.readAllBytes(dest));
        try (ZipFile zip = new ZipFile(dest.toFile())) {
            assertTrue(zip.stream().allMatch(entry -> entry.getMethod() == ZipEntry.STORED));
            assertTrue(zip.getEntry("00000/img00000000.png").getSize() > 8 * 8 * 3);
        }
    }

    @Test
    void archiveConvertsToItself() throws IOException {
        write("cat/a.png", square(8, 1));
        write("dog/b.png", square(8, 3));
        convert(source, AS_THEY_ARE);
        Path copy = Files.copy(dest, folder.resolve("copy.zip"));
        convert(copy, AS_THEY_ARE);
        assertArrayEquals(Files.readAllBytes(copy), Files.readAllBytes(dest));
    }

    @Test
    void labelFileHasPrecedenceOverFolders() throws IOException {
        write("cat/a.png", square(8, 1));
        write("dog/b.png", square(8, 3));
        write(
                "dataset.json",
                "{\"labels\": [[\"cat/a.png\", 7], [\"dog/b.png\", 5]]}"
                        .getBytes(StandardCharsets.UTF_8));
        convert(source, AS_THEY_ARE);
        assertTrue(entry("dataset.json").contains("[\"00000/img00000000.png\",7]"));
        write("dataset.json", "{\"labels\": null}".getBytes(StandardCharsets.UTF_8));
        convert(source, AS_THEY_ARE);
        assertEquals("{\"labels\":null}", entry("dataset.json"));
    }

    @Test
    void thereAreNoLabelsOfOneFolderOrOfImagesOutsideOfFolders() throws IOException {
        write("only/a.png", square(8, 1));
        write("only/b.png", square(8, 1));
        assertEquals(0, convert(source, AS_THEY_ARE).classes());
        write("other/a.png", square(8, 1));
        assertEquals(2, convert(source, AS_THEY_ARE).classes());
        write("a.png", square(8, 1));
        assertEquals(0, convert(source, AS_THEY_ARE).classes());
    }

    @Test
    void skippedImagesKeepTheirNumber() throws IOException {
        write("a.png", square(8, 1));
        write("b.png", square(4, 2));
        write("c.png", square(8, 3));
        Resolution wide = new Resolution(8, 4);
        DatasetConverter.Summary summary =
                convert(source, options(ImageTransform.CENTER_CROP_WIDE, wide, false));
        assertEquals(1, summary.skipped());
        try (ZipFile zip = new ZipFile(dest.toFile())) {
            assertEquals(
                    List.of("00000/img00000000.png", "00000/img00000002.png", "dataset.json"),
                    zip.stream().map(ZipEntry::getName).toList());
        }
    }

    @Test
    void idxFilesKeepTheirLabels() throws IOException {
        byte[] images = TestFiles.idxImages(0x803, 3, 4, 4);
        write("train-images-idx3-ubyte.gz", TestFiles.gzip(images));
        write("train-labels-idx1-ubyte", TestFiles.idxLabels(4, 0, 9));
        assertEquals("", convert(source, AS_THEY_ARE).leftOut());
        write("t10k-images-idx3-ubyte", TestFiles.idxImages(1));
        DatasetConverter.Summary summary = convert(source, AS_THEY_ARE);
        assertTrue(
                summary.leftOut().startsWith("left out: t10k-images-idx3-ubyte (a folder"),
                summary.leftOut());
        assertEquals(10, summary.classes());
        try (ImageDataset converted = ImageDataset.open(dest, true)) {
            assertEquals(new ImageShape(3, 4, 4), converted.shape());
            assertEquals(9, converted.label(2));
            assertEquals(2 + 5, converted.pixels(2)[16 + 5]);
        }
        Files.delete(source.resolve("train-labels-idx1-ubyte"));
        assertEquals(
                0, convert(source.resolve("train-images-idx3-ubyte.gz"), AS_THEY_ARE).classes());
    }

    @Test
    void cifarBatchesAreReadInTheOrderOfTheirNumbers() throws IOException {
        write("data_batch_10.bin", cifar(3));
        write("data_batch_2.bin", cifar(5, 9));
        write("test_batch.bin", cifar(1));
        write("data_batch_x.txt", new byte[1]);
        DatasetConverter.Summary summary = convert(source, AS_THEY_ARE);
        assertEquals(3, summary.written());
        assertEquals(
                "left out: test_batch.bin (a folder stands for its training set; give the path of another file to use that)",
                summary.leftOut());
        try (ImageDataset converted = ImageDataset.open(dest, true)) {
            assertEquals(5, converted.label(0));
            assertEquals(9, converted.label(1));
            assertEquals(3, converted.label(2));
            assertEquals(9 + 2, converted.pixels(1)[2 * 1024]);
        }
        DatasetConverter.Summary test = convert(source.resolve("test_batch.bin"), AS_THEY_ARE);
        assertEquals(1, test.written());
        assertEquals("", test.leftOut());
    }

    /** Records whose planes have the values label, label + 1 and label + 2. */
    private static byte[] cifar(int... labels) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int label : labels) {
            out.write(label);
            for (int i = 0; i < 3072; i++) {
                out.write(label + i / 1024);
            }
        }
        return out.toByteArray();
    }

    @Test
    void damagedCifarBatchIsRefused() throws IOException {
        write("data_batch_1.bin", new byte[3072]);
        assertRefused(AS_THEY_ARE, "data_batch_1.bin", "3072 bytes", "3073");
        write("data_batch_1.bin", cifar(10));
        assertRefused(AS_THEY_ARE, "label 10", "0 to 9");
    }

    @Test
    void maxImagesTakesTheFirst() throws IOException {
        for (int i = 0; i < 5; i++) {
            write(i + ".png", square(8, i));
        }
        ConversionOptions two =
                new ConversionOptions(ImageTransform.NONE, null, 2, false, false, false);
        assertEquals(2, convert(source, two).written());
    }

    @Test
    void unreadableImagesAreListedAndFailUnlessSkipped() throws IOException {
        byte[] damaged = square(8, 2);
        damaged[45] ^= 1;
        write("a.png", square(8, 1));
        write("b.png", damaged);
        write("c.png", "text".getBytes(StandardCharsets.UTF_8));
        write("d.png", square(8, 4));
        assertRefused(AS_THEY_ARE, "2 of 4 images", "b.png", "checksum");
        assertEquals(2, listed.size());
        assertTrue(listed.get(1).contains("c.png is no image"), listed.get(1));
        assertEquals(2, convert(source, options(ImageTransform.NONE, null, true)).unreadable());
        try (ZipFile zip = new ZipFile(dest.toFile())) {
            assertTrue(zip.getEntry("00000/img00000003.png") != null);
            assertTrue(zip.getEntry("00000/img00000001.png") == null);
        }
    }

    @Test
    void failureLeavesTheExistingArchive() throws IOException {
        write("a.png", square(8, 1));
        convert(source, AS_THEY_ARE);
        byte[] before = Files.readAllBytes(dest);
        write("b.png", new byte[5]);
        assertThrows(DatasetException.class, () -> convert(source, AS_THEY_ARE));
        assertArrayEquals(before, Files.readAllBytes(dest));
    }

    @Test
    void sizesMustBeTheSameWithoutATransform() throws IOException {
        write("a.png", square(8, 1));
        write("b.png", square(16, 1));
        assertRefused(AS_THEY_ARE, "same size", "a.png is 8x8", "b.png is 16x16");
        convert(source, options(ImageTransform.NONE, new Resolution(4, 4), false));
        try (ImageDataset converted = ImageDataset.open(dest, false)) {
            assertEquals(new ImageShape(3, 4, 4), converted.shape());
            assertEquals(1, converted.pixels(1)[0]);
        }
    }

    @Test
    void sizeMustBeTrainableUnlessAnySizeIsAllowed() throws IOException {
        write("a.png", square(7, 1));
        assertRefused(AS_THEY_ARE, "a.png is 7x7", "power of two");
        convert(source, new ConversionOptions(ImageTransform.NONE, null, 9, true, false, false));
        assertTrue(Files.exists(dest));
    }

    @Test
    void sourcesWithoutImagesAreRefused() throws IOException {
        assertRefused(AS_THEY_ARE, "There are no images in");
        source = folder.resolve("missing");
        assertRefused(AS_THEY_ARE, "There is no", "missing");
        source = Files.writeString(folder.resolve("text.txt"), "text");
        assertRefused(AS_THEY_ARE, "none of the sources");
        Map<String, byte[]> entries = new TreeMap<>(Map.of("text.txt", new byte[1]));
        source = TestFiles.zip(folder.resolve("empty.zip"), entries);
        assertRefused(AS_THEY_ARE, "There are no images in", "empty.zip");
        assertFalse(Files.exists(dest));
    }

    @Test
    void labelOfAMissingImageIsRefused() throws IOException {
        write("a.png", square(8, 1));
        write(
                "dataset.json",
                "{\"labels\": [[\"a.png\", 0], [\"gone.png\", 1]]}"
                        .getBytes(StandardCharsets.UTF_8));
        assertRefused(AS_THEY_ARE, "dataset.json", "gone.png", "no such image");
    }

    @Test
    void noImageLeftIsAnError() throws IOException {
        write("a.png", square(4, 1));
        Resolution wide = new Resolution(8, 4);
        assertRefused(
                options(ImageTransform.CENTER_CROP_WIDE, wide, false),
                "No image is left: 1 too small");
    }
}
