package io.github.edm2.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Folders and archives as other programs leave them are read as people mean them. */
class ForeignFilesTest {

    @TempDir Path folder;

    private void image(String name, int value) throws IOException {
        TestFiles.write(folder.resolve(name), TestFiles.grey(4, 4, value));
    }

    private static void assertSource(Path source, int[] values, int[] labels) {
        try (RawImages images = RawImages.open(source, false, false)) {
            int[] found =
                    IntStream.range(0, images.count())
                            .map(i -> Byte.toUnsignedInt(images.read(i).planes()[0]))
                            .toArray();
            assertArrayEquals(values, found);
            assertArrayEquals(labels, images.labels().classOf());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ".ipynb_checkpoints/a.png",
                ".thumbnails/a.png",
                "@eaDir/a.png",
                "cat/@eaDir/a.png",
                "__MACOSX/cat/._a.png",
                "$RECYCLE.BIN/a.png",
                "System Volume Information/a.png",
                "lost+found/a.png",
                "cat/Thumbs.db",
                ".DS_Store",
                "cat/._a.png",
                "desktop.ini"
            })
    void hiddenAndSystemFilesAreNoClassAndNoImage(String name) throws IOException {
        image("cat/a.png", 10);
        image("dog/a.png", 20);
        image(name, 30);
        assertSource(folder, new int[] {10, 20}, new int[] {0, 1});
        try (ImageDataset dataset = ImageDataset.open(folder, false)) {
            assertEquals(2, dataset.count());
        }
        assertEquals(
                "1 file left out: hidden or system (1)",
                ImageFolder.list(folder, ImageDecoder.EXTENSIONS).leftOut());
    }

    @Test
    void whatIsLeftOutIsCountedByReason() {
        assertEquals(
                "4 files left out: .txt (2), hidden or system (1), no extension (1)",
                ImageListing.of(
                                List.of("a.png", "b.txt", "c/d.TXT", "e", ".f.png", "dataset.json"),
                                ImageDecoder.EXTENSIONS)
                        .leftOut());
    }

    @Test
    void tiffAndJpegAreReadByTrainingToo() throws IOException {
        BufferedImage image = new BufferedImage(4, 4, BufferedImage.TYPE_3BYTE_BGR);
        for (String format : List.of("png", "jpg", "tif")) {
            assertTrue(ImageIO.write(image, format, folder.resolve("a." + format).toFile()));
        }
        try (ImageDataset dataset = ImageDataset.open(folder, false)) {
            assertEquals(3, dataset.count());
            assertArrayEquals(new byte[48], dataset.pixels(1));
            assertArrayEquals(new byte[48], dataset.pixels(2));
        }
    }

    @Test
    void foldersAreNumberedAsTheirNumbers() throws IOException {
        for (int number : new int[] {0, 1, 2, 10}) {
            image(number + "/a.png", number);
        }
        assertSource(folder, new int[] {0, 1, 10, 2}, new int[] {0, 1, 3, 2});
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "photos/", "x/y/"})
    void foldersAroundEverythingAreNoClass(String wrapper) throws IOException {
        image(wrapper + "cat/a.png", 10);
        image(wrapper + "dog/a.png", 20);
        assertSource(folder, new int[] {10, 20}, new int[] {0, 1});
    }

    @Test
    void folderAroundDatasetIsNoPartOfItsNames() throws IOException {
        image("data/a.png", 10);
        Files.writeString(folder.resolve("data/dataset.json"), "{\"labels\": [[\"a.png\", 3]]}");
        assertSource(folder, new int[] {10}, new int[] {3});
    }

    @Test
    void linkToFolderAroundItIsLeftOut() throws IOException {
        image("cat/a.png", 10);
        image("dog/a.png", 20);
        Files.createSymbolicLink(folder.resolve("dog/loop"), folder);
        assertSource(folder, new int[] {10, 20}, new int[] {0, 1});
    }

    /** Entries of values 10, 20, ... under these names, which need not differ. */
    private Path zip(Charset charset, String... names) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes, charset)) {
            for (int i = 0; i < names.length; i++) {
                // Java writes no name twice, so the files get their names afterwards.
                zip.putNextEntry(new ZipEntry((char) ('A' + i) + names[i].substring(1)));
                zip.write(TestFiles.grey(4, 4, 10 * (i + 1)));
            }
        }
        byte[] file = bytes.toByteArray();
        for (int i = 0; i < names.length; i++) {
            byte[] written = ((char) ('A' + i) + names[i].substring(1)).getBytes(charset);
            for (int at = 0; at <= file.length - written.length; at++) {
                if (Arrays.equals(file, at, at + written.length, written, 0, written.length)) {
                    file[at] = (byte) names[i].charAt(0);
                }
            }
        }
        Path path = folder.resolve("x.zip");
        Files.write(path, file);
        return path;
    }

    @Test
    void namesThatAreNoUtf8AreRead() throws IOException {
        Path zip = zip(Charset.forName("GBK"), "x\u732b/1.png", "x\u72d7/1.png");
        assertSource(zip, new int[] {10, 20}, new int[] {0, 1});
    }

    @Test
    void backslashesSeparateFolders() throws IOException {
        Path zip = zip(Charset.forName("GBK"), "cat\\1.png", "dog\\1.png");
        assertSource(zip, new int[] {10, 20}, new int[] {0, 1});
    }

    @Test
    void lastOfEntriesOfOneNameCounts() throws IOException {
        Path zip = zip(Charset.forName("GBK"), "cat/1.png", "cat/1.png", "dog/1.png");
        assertSource(zip, new int[] {20, 30}, new int[] {0, 1});
    }
}
