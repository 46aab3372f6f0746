package io.github.edm2.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A conversion that was interrupted continues, and the archive is that of one that was not. */
class ResumedConversionTest {

    private static final int IMAGES = 12;

    /** One that no decoder reads, and one that the transform leaves out. */
    private static final int UNREADABLE = 3;

    private static final int SKIPPED = 5;

    private static final ConversionOptions OPTIONS = options(16);

    @TempDir Path folder;

    private Path source;
    private Path dest;

    @BeforeEach
    void makeImages() throws IOException {
        source = folder.resolve("source");
        dest = folder.resolve("made/data.zip");
        Random random = new Random(1);
        for (int i = 0; i < IMAGES; i++) {
            int side = i == SKIPPED ? 4 : 24;
            BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_3BYTE_BGR);
            for (int p = 0; p < side * side; p++) {
                image.setRGB(p % side, p / side, random.nextInt());
            }
            TestFiles.write(file(i), TestFiles.png(image));
        }
        Files.writeString(file(UNREADABLE), "text");
    }

    private Path file(int index) {
        return source.resolve("%d/%02d.png".formatted(index % 2, index / 2 * 2 + index % 2));
    }

    private static ConversionOptions options(int side) {
        return new ConversionOptions(
                ImageTransform.CENTER_CROP_WIDE,
                new Resolution(side, side / 2),
                Integer.MAX_VALUE,
                false,
                false,
                true);
    }

    /** What a conversion told. */
    static class Told implements DatasetConverter.Progress {

        int resumed;
        boolean restarted;
        final List<String> unreadable = new ArrayList<>();

        @Override
        public void resumed(int done, int total) {
            assertEquals(IMAGES, total);
            resumed = done;
        }

        @Override
        public void restarted() {
            restarted = true;
        }

        @Override
        public void update(int done, int total) {}

        @Override
        public void unreadable(String message) {
            unreadable.add(message);
        }
    }

    private static final class Interruption extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private Told convert(ConversionOptions options) throws IOException {
        Told told = new Told();
        DatasetConverter.convert(source, dest, options, told);
        assertEquals(List.of(dest), left());
        return told;
    }

    private void interruptAfter(int images, ConversionOptions options) {
        Told told =
                new Told() {
                    @Override
                    public void update(int done, int total) {
                        if (done == images) {
                            throw new Interruption();
                        }
                    }
                };
        assertThrows(
                Interruption.class, () -> DatasetConverter.convert(source, dest, options, told));
    }

    private List<Path> left() throws IOException {
        try (Stream<Path> files = Files.list(dest.getParent())) {
            return files.toList();
        }
    }

    /** The archive of a conversion that was not interrupted, which is moved away. */
    private byte[] uninterrupted() throws IOException {
        convert(OPTIONS);
        byte[] archive = Files.readAllBytes(dest);
        Files.delete(dest);
        return archive;
    }

    /** The only file beside the archive's name. */
    private Path partial() throws IOException {
        interruptAfter(1, OPTIONS);
        assertEquals(1, left().size());
        Path partial = left().get(0);
        assertTrue(partial.toString().endsWith(".partial"), partial.toString());
        return partial;
    }

    /** The source in its order. */
    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.walk(source)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    /** Makes files undecodable so that nobody notices who does not decode them. */
    private static void damage(List<Path> files) throws IOException {
        for (Path file : files) {
            FileTime time = Files.getLastModifiedTime(file);
            byte[] bytes = Files.readAllBytes(file);
            Arrays.fill(bytes, (byte) 0);
            Files.write(file, bytes);
            Files.setLastModifiedTime(file, time);
        }
    }

    /** A damaged one that is skipped or unreadable anyway is examined again. */
    private List<Path> written(List<Path> files) {
        return files.stream()
                .filter(file -> !file.equals(file(UNREADABLE)) && !file.equals(file(SKIPPED)))
                .toList();
    }

    @Test
    void everyInterruptionGivesTheSameBytesAndDecodesOnlyTheRest() throws IOException {
        byte[] expected = uninterrupted();
        List<Path> files = files();
        TreeMap<Path, byte[]> originals = new TreeMap<>();
        for (Path file : files) {
            originals.put(file, Files.readAllBytes(file));
        }
        FileTime time = FileTime.fromMillis(1_000_000_000_000L);
        for (int images = 1; images <= IMAGES; images++) {
            for (Path file : files) {
                Files.write(file, originals.get(file));
                Files.setLastModifiedTime(file, time);
            }
            interruptAfter(images, OPTIONS);
            assertFalse(Files.exists(dest));
            damage(written(files.subList(0, images)));
            Told told = convert(OPTIONS);
            assertTrue(told.resumed > 0 && told.resumed <= images, told.resumed + "");
            assertEquals(1, told.unreadable.size());
            assertArrayEquals(expected, Files.readAllBytes(dest), images + " images");
            Files.delete(dest);
        }
    }

    @Test
    void summaryIsThatOfOneRun() throws IOException {
        DatasetConverter.Summary expected =
                DatasetConverter.convert(source, dest, OPTIONS, new Told());
        Files.delete(dest);
        interruptAfter(IMAGES - 1, OPTIONS);
        assertEquals(expected, DatasetConverter.convert(source, dest, OPTIONS, new Told()));
        assertEquals(IMAGES - 2, expected.written());
        assertEquals(1, expected.skipped());
    }

    @Test
    void fileCutAnywhereIsContinued() throws IOException {
        byte[] expected = uninterrupted();
        Path partial = partial();
        int entry = nextHeader(expected, 1);
        int third = nextHeader(expected, nextHeader(expected, entry + 1) + 1);
        int[] cuts = {
            0,
            1,
            29,
            30,
            entry - 1,
            entry,
            entry + 3,
            entry + 30,
            entry + 40,
            third - 1,
            third,
            third + 45,
            third + 200,
            expected.length - 30,
            expected.length - 1,
            expected.length
        };
        for (int cut : cuts) {
            Files.write(partial, Arrays.copyOf(expected, cut));
            Told told = convert(OPTIONS);
            assertEquals(cut >= entry, told.resumed > 0, "cut at " + cut);
            assertArrayEquals(expected, Files.readAllBytes(dest), "cut at " + cut);
            Files.delete(dest);
        }
    }

    private static int nextHeader(byte[] archive, int from) {
        int at = from;
        while (archive[at] != 'P'
                || archive[at + 1] != 'K'
                || archive[at + 2] != 3
                || archive[at + 3] != 4) {
            at++;
        }
        return at;
    }

    @Test
    void garbageIsNotUsed() throws IOException {
        byte[] expected = uninterrupted();
        Path partial = partial();
        Random random = new Random(2);
        for (int i = 0; i < 20; i++) {
            byte[] garbage = expected.clone();
            int from = i == 0 ? 0 : random.nextInt(garbage.length);
            for (int p = from; p < Math.min(garbage.length, from + 200); p++) {
                garbage[p] = (byte) random.nextInt();
            }
            // Longer than the archive too.
            Files.write(partial, Arrays.copyOf(garbage, garbage.length + i % 2 * 1000));
            convert(OPTIONS);
            assertArrayEquals(expected, Files.readAllBytes(dest), "garbage at " + from);
            Files.delete(dest);
        }
        byte[] shifted = new byte[expected.length + 7];
        System.arraycopy(expected, 0, shifted, 7, expected.length);
        Files.write(partial, shifted);
        assertEquals(0, convert(OPTIONS).resumed);
        assertArrayEquals(expected, Files.readAllBytes(dest));
    }

    @Test
    void entriesAreUsedWhereverTheyAre() throws IOException {
        byte[] expected = uninterrupted();
        Path partial = partial();
        int second = nextHeader(expected, 1);
        Files.write(partial, Arrays.copyOfRange(expected, second, expected.length));
        assertTrue(convert(OPTIONS).resumed > 0);
        assertArrayEquals(expected, Files.readAllBytes(dest));
    }

    @Test
    void otherOptionsStartAnew() throws IOException {
        byte[] expected = uninterrupted();
        interruptAfter(IMAGES - 1, options(8));
        Told told = convert(OPTIONS);
        assertTrue(told.restarted);
        assertEquals(0, told.resumed);
        assertArrayEquals(expected, Files.readAllBytes(dest));
    }

    @Test
    void changedSourceStartsAnew() throws IOException {
        interruptAfter(IMAGES - 1, OPTIONS);
        Files.setLastModifiedTime(file(0), FileTime.fromMillis(0));
        assertTrue(convert(OPTIONS).restarted);

        interruptAfter(IMAGES - 1, OPTIONS);
        String labels = "{\"labels\": null}";
        Files.write(source.resolve("dataset.json"), labels.getBytes(StandardCharsets.UTF_8));
        assertTrue(convert(OPTIONS).restarted);
        byte[] unlabelled = Files.readAllBytes(dest);

        interruptAfter(IMAGES - 1, OPTIONS);
        source = Files.move(source, folder.resolve("moved"));
        assertTrue(convert(OPTIONS).restarted);
        assertArrayEquals(unlabelled, Files.readAllBytes(dest));
    }

    @Test
    void archivesAndIdxFilesAreContinuedUnlessTheyChange() throws IOException {
        Path file = folder.resolve("images-idx3-ubyte");
        Files.write(file, TestFiles.idxImages(0x803, IMAGES, 16, 16));
        source = file;
        interruptAfter(IMAGES - 1, OPTIONS);
        assertEquals(IMAGES - 1, convert(OPTIONS).resumed);
        interruptAfter(IMAGES - 1, OPTIONS);
        Files.setLastModifiedTime(file, FileTime.fromMillis(0));
        assertTrue(convert(OPTIONS).restarted);

        source = Files.copy(dest, folder.resolve("copy.zip"));
        interruptAfter(IMAGES - 1, OPTIONS);
        assertEquals(IMAGES - 1, convert(OPTIONS).resumed);
        interruptAfter(IMAGES - 1, OPTIONS);
        Files.setLastModifiedTime(source, FileTime.fromMillis(0));
        assertTrue(convert(OPTIONS).restarted);
    }

    @Test
    void existingArchiveStaysUntilTheContinuedOneIsComplete() throws IOException {
        Files.createDirectories(dest.getParent());
        Files.writeString(dest, "precious");
        interruptAfter(IMAGES - 1, OPTIONS);
        assertEquals("precious", Files.readString(dest));
        convert(OPTIONS);
        assertTrue(Files.size(dest) > IMAGES * 16);
    }

    @Test
    void errorInTheSourceLeavesNothing() throws IOException {
        interruptAfter(2, OPTIONS);
        damage(written(files()));
        for (Path file : files()) {
            Files.delete(file);
            Files.writeString(file, "text");
        }
        assertThrows(DatasetException.class, () -> convert(OPTIONS));
        assertEquals(List.of(), left());
    }

    @Test
    void interruptedThreadLeavesWhatTheNextOneContinues() throws IOException {
        byte[] expected = uninterrupted();
        Told told =
                new Told() {
                    @Override
                    public void update(int done, int total) {
                        if (done == IMAGES / 2) {
                            Thread.currentThread().interrupt();
                        }
                    }
                };
        assertThrows(
                CancellationException.class,
                () -> DatasetConverter.convert(source, dest, OPTIONS, told));
        assertTrue(Thread.interrupted());
        assertEquals(1, left().size());
        convert(OPTIONS);
        assertArrayEquals(expected, Files.readAllBytes(dest));
    }

    @Test
    void onlyOneConversionWritesAnArchive() throws IOException {
        byte[] expected = uninterrupted();
        List<String> refused = new ArrayList<>();
        Told told =
                new Told() {
                    @Override
                    public void update(int done, int total) {
                        if (done == 1) {
                            for (ConversionOptions options : List.of(OPTIONS, options(8))) {
                                refused.add(refusal(options));
                            }
                        }
                    }
                };
        DatasetConverter.convert(source, dest, OPTIONS, told);
        assertEquals(2, refused.size());
        for (String message : refused) {
            assertTrue(message.contains("Another conversion is writing " + dest), message);
        }
        assertArrayEquals(expected, Files.readAllBytes(dest));
        assertEquals(List.of(dest), left());
    }

    private String refusal(ConversionOptions options) {
        try {
            DatasetConverter.convert(source, dest, options, new Told());
            return "converted";
        } catch (DatasetException e) {
            return e.getMessage();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
