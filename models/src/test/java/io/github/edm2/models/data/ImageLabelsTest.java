package io.github.edm2.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Names of classes and label vectors, from a source through an archive. */
class ImageLabelsTest {

    private static final String VECTORS =
            "[[\"x/a.png\", [0.5, -1, 2e3]], [\"y/b.png\", [0.1, 0, 7]]]";

    @TempDir Path folder;
    private Path source;
    private Path dest;

    @BeforeEach
    void makeImages() throws IOException {
        source = folder.resolve("source");
        dest = folder.resolve("archive.zip");
        TestFiles.write(source.resolve("x/a.png"), TestFiles.grey(4, 4, 1));
        TestFiles.write(source.resolve("y/b.png"), TestFiles.grey(4, 4, 2));
    }

    private void describe(String json) throws IOException {
        TestFiles.write(source.resolve("dataset.json"), json.getBytes(StandardCharsets.UTF_8));
    }

    private DatasetConverter.Summary convert(Path from, int maxImages) throws IOException {
        ConversionOptions options =
                new ConversionOptions(ImageTransform.NONE, null, maxImages, false, false, false);
        return DatasetConverter.convert(from, dest, options, new ResumedConversionTest.Told());
    }

    private static List<String> names(Path dataset) {
        try (ImageDataset opened = ImageDataset.open(dataset)) {
            assertTrue(
                    opened.classNames().isEmpty()
                            || opened.classNames().size() == opened.classes());
            return opened.classNames();
        }
    }

    @Test
    void classFoldersNameTheClassesBeforeAndAfterAConversion() throws IOException {
        assertEquals(List.of("x", "y"), names(source));
        assertEquals(List.of("x", "y"), convert(source, 2).classNames());
        assertEquals(List.of("x", "y"), names(dest));
    }

    @Test
    void namesEndWithTheLastClassThatIsLeft() throws IOException {
        assertEquals(List.of("x"), convert(source, 1).classNames());
        assertEquals(List.of("x"), names(dest));
    }

    @Test
    void namesOfALabelFilePassThrough() throws IOException {
        describe(
                "{\"classes\": [\"ä, b\", \"c\"], \"labels\": [[\"x/a.png\", 1], [\"y/b.png\", 0]]}");
        convert(source, 2);
        assertEquals(List.of("ä, b", "c"), names(dest));
        try (ImageDataset unlabelled = ImageDataset.open(dest, false)) {
            assertEquals(List.of(), unlabelled.classNames());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "[\"a\"] | has 1 name in \"classes\", but its labels are 0 to 1",
                "[\"a\", \"b\", \"c\"] | give 2 names",
                "[\"a\", 3] | list of names",
                "[\"a\", \" \"] | list of names",
                "2 | list of names"
            })
    void wrongNamesAreRefused(String names, String message) throws IOException {
        describe(
                "{\"labels\": [[\"x/a.png\", 1], [\"y/b.png\", 0]], \"classes\": %s}"
                        .formatted(names));
        DatasetException e =
                assertThrows(DatasetException.class, () -> ImageDataset.open(source, true));
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertTrue(e.getMessage().contains("dataset.json"), e.getMessage());
    }

    @Test
    void cifarHasTheNamesOfTheFileBesideIt() throws IOException {
        Path batches = folder.resolve("cifar");
        byte[] batch = new byte[10 * 3073];
        IntStream.range(0, 10).forEach(i -> batch[3073 * i] = (byte) i);
        TestFiles.write(batches.resolve("data_batch_1.bin"), batch);
        convert(batches, 10);
        assertEquals(List.of(), names(dest));
        List<String> ten = Arrays.asList("airplane bird c d e f g h i j".split(" "));
        Files.write(batches.resolve("batches.meta.txt"), ten);
        convert(batches, 10);
        assertEquals("airplane", names(dest).get(0));
        assertEquals(10, names(dest).size());
        Files.write(batches.resolve("batches.meta.txt"), ten.subList(0, 9));
        DatasetException e = assertThrows(DatasetException.class, () -> convert(batches, 10));
        assertTrue(e.getMessage().contains("batches.meta.txt has 9 names"), e.getMessage());
    }

    @Test
    void labelVectorsPassThroughToTheNetwork() throws IOException {
        describe("{\"labels\": %s}".formatted(VECTORS));
        DatasetConverter.Summary summary = convert(source, 2);
        assertTrue(summary.labelVectors());
        assertEquals(3, summary.classes());
        for (Path path : List.of(source, dest)) {
            try (ImageDataset dataset = ImageDataset.open(path)) {
                assertTrue(dataset.isConditional() && dataset.hasLabelVectors());
                assertEquals(3, dataset.classes());
                assertArrayEquals(
                        new float[][] {{0.1f, 0, 7}, {0.5f, -1, 2000}},
                        dataset.labels(1, 0).toFloatMatrix());
                assertThrows(IllegalStateException.class, () -> dataset.label(0));
            }
        }
        try (ImageDataset unlabelled = ImageDataset.open(dest, false)) {
            assertFalse(unlabelled.isConditional() || unlabelled.hasLabelVectors());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "[1, 2] | [1] | y/b.png must have 2 numbers as those before, got 1",
                "[1] | [1, 2] | y/b.png must have 1 numbers as those before, got 2",
                "[1, 2] | 3 | all be integers or all be lists",
                "3 | [1, 2] | all be integers or all be lists",
                "[1, 1e39] | [1, 2] | x/a.png must be of finite numbers, got 1e39",
                "[1, \"2\"] | [1, 2] | finite numbers, got 2",
                "[1, null] | [1, 2] | finite numbers, got null",
                "[1, [2]] | [1, 2] | finite numbers, got [",
                "[] | [] | must have 1 to 100000 numbers, got 0"
            })
    void wrongLabelVectorsAreRefused(String a, String b, String message) throws IOException {
        describe("{\"labels\": [[\"x/a.png\", %s], [\"y/b.png\", %s]]}".formatted(a, b));
        DatasetException e =
                assertThrows(DatasetException.class, () -> ImageDataset.open(source, true));
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertTrue(e.getMessage().contains("dataset.json, line 1"), e.getMessage());
    }
}
