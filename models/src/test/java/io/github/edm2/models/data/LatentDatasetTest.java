package io.github.edm2.models.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Datasets of latents: a new sample at every use, from the seed and the position alone. */
class LatentDatasetTest {

    @TempDir Path folder;

    /** Raw latents whose means are all {@code mean} and whose standard deviations {@code std}. */
    private static byte[] npy(float mean, float std, int side) {
        INDArray latents = Nd4j.valueArrayOf(new long[] {8, side, side}, mean, DataType.FLOAT);
        latents.get(NDArrayIndex.interval(4, 8)).assign(std);
        return Nd4j.toNpyByteArray(latents);
    }

    private ImageDataset dataset(float std) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        for (int i = 0; i < 3; i++) {
            entries.put("00000/img-mean-std-0000000%d.npy".formatted(i), npy(i, std, 16));
        }
        entries.put(
                "dataset.json",
                """
                {"labels": [["00000/img-mean-std-00000000.npy", 2],
                 ["00000/img-mean-std-00000001.npy", 0], ["00000/img-mean-std-00000002.npy", 1]]}
                """
                        .getBytes(StandardCharsets.UTF_8));
        return ImageDataset.open(TestFiles.zip(folder.resolve("latents.zip"), entries), true);
    }

    @Test
    void networkSeesFourScaledChannels() throws IOException {
        try (ImageDataset dataset = dataset(0)) {
            assertEquals(new ImageShape(4, 16, 16), dataset.shape());
            assertEquals(2, dataset.label(0));
            INDArray mean = Nd4j.createFromArray(5.81f, 3.25f, .12f, -2.15f).reshape(1, 4, 1, 1);
            INDArray std = Nd4j.createFromArray(4.17f, 4.62f, 3.71f, 3.28f).reshape(1, 4, 1, 1);
            INDArray raw = Nd4j.ones(DataType.FLOAT, 1, 4, 16, 16);
            INDArray expected = raw.sub(mean).div(std).mul(0.5);
            double difference = expected.sub(dataset.images(1)).amaxNumber().doubleValue();
            assertTrue(difference < 1e-6, "differs by " + difference);
            assertThrows(DatasetException.class, () -> dataset.pixels(0));
        }
    }

    @Test
    void samplesHaveTheSpreadOfTheFile() throws IOException {
        try (ImageDataset dataset = dataset(3.28f * 2)) {
            INDArray sample = dataset.images(0).get(NDArrayIndex.all(), NDArrayIndex.point(3));
            // 256 numbers of N(0.3277, 1).
            assertEquals(0.3277, sample.meanNumber().doubleValue(), 0.25);
            assertEquals(1, sample.stdNumber().doubleValue(), 0.2);
        }
    }

    @Test
    void everyUseDrawsANewSampleAndAResumedRunTheSame() throws IOException {
        try (ImageDataset dataset = dataset(1)) {
            INDArray all = batches(dataset, 0).next(9).getFeatures(0);
            for (int i = 0; i < 9; i++) {
                for (int j = 0; j < i; j++) {
                    assertNotEquals(all.slice(i).dup(), all.slice(j).dup());
                }
            }
            for (int start : new int[] {2, 3, 7}) {
                INDArray rest = all.get(NDArrayIndex.interval(start, 9)).dup();
                assertEquals(rest, batches(dataset, start).next(9 - start).getFeatures(0));
            }
            INDArray other = ImageBatches.builder(dataset, 9).seed(6).build().next().getFeatures(0);
            assertNotEquals(all, other);
        }
    }

    private static ImageBatches batches(ImageDataset dataset, long start) {
        return ImageBatches.builder(dataset, 4).seed(5).xflip(true).startImage(start).build();
    }

    @Test
    void cutFilesAreReported() throws IOException {
        byte[] whole = npy(1, 1, 16);
        Path file = folder.resolve("a.npy");
        TestFiles.write(file, Arrays.copyOf(whole, whole.length - 4));
        try (ImageDataset dataset = ImageDataset.open(folder, false)) {
            String message =
                    assertThrows(DatasetException.class, () -> dataset.images(0)).getMessage();
            assertTrue(
                    message.startsWith(file + " must have 8,192 bytes of numbers, got 8,188"),
                    message);
        }
        TestFiles.write(file, Arrays.copyOf(whole, 40));
        assertRefused("is cut off in its header");
        TestFiles.write(file, Arrays.copyOf(whole, 5));
        assertRefused("is no NumPy array (NPY file)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "<f4 | <f8 | has elements of the type <f8",
                "False | True  | is in Fortran order",
                "(8,   | (4,   | has the shape (4,",
                "(8, 1 | (8, 8000000, 1 | has the shape (8, 8000000, 16, 16), where 1 to 67,108,864",
                "16), } | 9000), } | has the shape (8, 16, 9000)",
                "'descr' | 'other' | has the header {'other'"
            })
    void otherArraysAreRefused(String from, String to, String problem) throws IOException {
        String text = new String(npy(1, 1, 16), StandardCharsets.ISO_8859_1);
        assertTrue(text.contains(from), text.substring(0, 120));
        TestFiles.write(
                folder.resolve("a.npy"),
                text.replaceFirst(Pattern.quote(from), to).getBytes(StandardCharsets.ISO_8859_1));
        assertRefused(problem);
    }

    @Test
    void latentsOfTwoSizesAreRefused() throws IOException {
        TestFiles.write(folder.resolve("a.npy"), npy(1, 1, 16));
        TestFiles.write(folder.resolve("b.npy"), npy(1, 1, 8));
        assertRefused("All latents must have the same size");
    }

    private void assertRefused(String problem) {
        String message =
                assertThrows(DatasetException.class, () -> ImageDataset.open(folder, false))
                        .getMessage();
        assertTrue(message.contains(problem), message);
    }
}
