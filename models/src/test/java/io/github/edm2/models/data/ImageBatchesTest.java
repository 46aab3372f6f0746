package io.github.edm2.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.AsyncMultiDataSetIterator;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** The order of the images, and what a batch holds. */
class ImageBatchesTest {

    private static final int COUNT = 10;

    /** Image i has the pixels 10 i and 10 i + 1 and the label i. */
    private static ImageDataset dataset(boolean cond) {
        List<byte[]> images = new ArrayList<>();
        for (int i = 0; i < COUNT; i++) {
            images.add(new byte[] {(byte) (10 * i), (byte) (10 * i + 1)});
        }
        return new ImageDataset(
                "test",
                new IdxStore(new ImageShape(1, 1, 2), images),
                cond
                        ? ImageLabels.ofClasses(IntStream.range(0, COUNT).toArray(), List.of())
                        : ImageLabels.NONE);
    }

    private static ImageBatches.Builder batches(int batchSize) {
        return ImageBatches.builder(dataset(false), batchSize).seed(7);
    }

    /** The left pixels of the next images. */
    private static List<Integer> draw(ImageBatches batches, int batchCount) {
        List<Integer> drawn = new ArrayList<>();
        for (int i = 0; i < batchCount; i++) {
            addPixels(batches.next(), drawn);
        }
        return drawn;
    }

    private static void addPixels(MultiDataSet batch, List<Integer> pixels) {
        INDArray decoded = Pixels.decode(batch.getFeatures(0));
        for (int i = 0; i < decoded.size(0); i++) {
            pixels.add(decoded.getInt(i, 0, 0, 0));
        }
    }

    @Test
    void everyEpochIsADifferentPermutation() {
        List<Integer> drawn = draw(batches(5).build(), 6);
        List<Integer> all = IntStream.range(0, COUNT).mapToObj(i -> 10 * i).toList();
        List<List<Integer>> epochs =
                List.of(drawn.subList(0, 10), drawn.subList(10, 20), drawn.subList(20, 30));
        for (List<Integer> epoch : epochs) {
            assertEquals(all, epoch.stream().sorted().toList());
            assertNotEquals(all, epoch);
        }
        assertNotEquals(epochs.get(0), epochs.get(1));
        assertNotEquals(epochs.get(1), epochs.get(2));
    }

    @Test
    void theSeedGivesTheOrder() {
        assertEquals(draw(batches(4).build(), 9), draw(batches(4).build(), 9));
        assertNotEquals(draw(batches(4).build(), 9), draw(batches(4).seed(8).build(), 9));
    }

    @Test
    void neighbouringSeedsDoNotShareEpochs() {
        List<Integer> first = draw(batches(COUNT).seed(1).build(), 3);
        List<Integer> second = draw(batches(COUNT).seed(2).build(), 3);
        for (int epoch = 0; epoch < 3; epoch++) {
            for (int other = 0; other < 3; other++) {
                assertNotEquals(
                        first.subList(epoch * COUNT, (epoch + 1) * COUNT),
                        second.subList(other * COUNT, (other + 1) * COUNT));
            }
        }
    }

    @Test
    void theBatchSizeDoesNotChangeTheOrder() {
        assertEquals(draw(batches(4).build(), 6), draw(batches(3).build(), 8));
    }

    @Test
    void aResumedRunDrawsWhatTheUnbrokenOneDraws() {
        List<Integer> unbroken = draw(batches(3).xflip(true).build(), 20);
        for (int start : new int[] {3, 9, 12, 30, 57}) {
            List<Integer> rest = unbroken.subList(start, 60);
            int left = rest.size() / 3;
            assertEquals(rest, draw(batches(3).xflip(true).startImage(start).build(), left));
            ImageBatches sought = batches(3).xflip(true).build();
            draw(sought, 15);
            sought.seek(start);
            assertEquals(start, sought.position());
            assertEquals(rest, draw(sought, left));
        }
    }

    @Test
    void resetGoesBackToTheStart() {
        ImageBatches batches = batches(4).startImage(6).build();
        List<Integer> first = draw(batches, 3);
        assertEquals(18, batches.position());
        assertTrue(batches.resetSupported());
        batches.reset();
        assertEquals(6, batches.position());
        assertEquals(first, draw(batches, 3));
    }

    @Test
    void resetOfALimitedIteratorBeginsTheNextEpoch() {
        List<Integer> unbroken = draw(batches(5).build(), 6);
        ImageBatches batches = batches(4).epochs(1).build();
        batches.reset();
        List<Integer> seen = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            List<Integer> drawn = new ArrayList<>();
            while (batches.hasNext()) {
                drawn.addAll(draw(batches, 1));
            }
            assertEquals(COUNT, drawn.size());
            seen.addAll(drawn);
            batches.reset();
        }
        assertEquals(unbroken, seen);
        assertNotEquals(seen.subList(0, COUNT), seen.subList(COUNT, 2 * COUNT));
    }

    @Test
    void mirrorsAboutHalfOfTheImages() {
        List<Integer> plain = draw(batches(10).build(), 40);
        List<Integer> flipped = draw(batches(10).xflip(true).build(), 40);
        int mirrored = 0;
        for (int i = 0; i < plain.size(); i++) {
            int difference = flipped.get(i) - plain.get(i);
            assertTrue(difference == 0 || difference == 1, "same image, mirrored or not");
            mirrored += difference;
        }
        // 400 fair coins: 200, standard deviation 10.
        assertEquals(200, mirrored, 40);
    }

    @Test
    void endsAfterItsEpochs() {
        ImageBatches batches = batches(8).epochs(2).build();
        List<Integer> drawn = new ArrayList<>();
        List<Long> sizes = new ArrayList<>();
        while (batches.hasNext()) {
            MultiDataSet batch = batches.next();
            sizes.add(batch.getFeatures(0).size(0));
            addPixels(batch, drawn);
        }
        assertEquals(List.of(8L, 8L, 4L), sizes);
        assertEquals(draw(batches(10).build(), 2), drawn);
        assertThrows(NoSuchElementException.class, batches::next);
        assertFalse(batches(8).epochs(1).startImage(10).build().hasNext());
    }

    @Test
    void aBatchHoldsImagesAndLabels() {
        MultiDataSet batch = ImageBatches.builder(dataset(true), 4).build().next();
        assertEquals(2, batch.numFeatureArrays());
        assertArrayEquals(new long[] {4, 1, 1, 2}, batch.getFeatures(0).shape());
        assertArrayEquals(new long[] {4, COUNT}, batch.getFeatures(1).shape());
        assertSame(batch.getFeatures(0), batch.getLabels(0));
        List<Integer> pixels = new ArrayList<>();
        addPixels(batch, pixels);
        for (int i = 0; i < 4; i++) {
            assertEquals(1f, batch.getFeatures(1).getFloat(i, pixels.get(i) / 10));
        }
        assertEquals(4f, batch.getFeatures(1).sumNumber().floatValue());
        assertEquals(1, batches(4).build().next().numFeatureArrays());
        assertArrayEquals(
                new long[] {7, 1, 1, 2}, batches(4).build().next(7).getFeatures(0).shape());
    }

    @Test
    void appliesThePreProcessor() {
        ImageBatches batches = batches(2).build();
        assertNull(batches.getPreProcessor());
        batches.setPreProcessor(batch -> batch.setFeatures(0, batch.getFeatures(0).mul(0)));
        assertEquals(0f, batches.next().getFeatures(0).norm1Number().floatValue());
    }

    @Test
    void drawsTheSameWhenPrefetched() {
        ImageBatches batches = batches(4).epochs(3).build();
        assertTrue(batches.asyncSupported());
        AsyncMultiDataSetIterator async = new AsyncMultiDataSetIterator(batches, 2);
        List<Integer> drawn = new ArrayList<>();
        while (async.hasNext()) {
            addPixels(async.next(), drawn);
        }
        async.shutdown();
        assertEquals(draw(batches(10).build(), 3), drawn);
    }

    @Test
    void refusesNumbersOutOfRange() {
        String message =
                assertThrows(IllegalArgumentException.class, () -> batches(0)).getMessage();
        assertEquals("batchSize must be at least 1, got 0", message);
        assertThrows(IllegalArgumentException.class, () -> batches(1).startImage(-1));
        assertThrows(IllegalArgumentException.class, () -> batches(1).epochs(0));
        assertThrows(IllegalArgumentException.class, () -> batches(1).build().seek(-1));
        assertThrows(IllegalArgumentException.class, () -> batches(1).build().next(0));
    }

    @Test
    void aClassifierGetsLabelsAsTargets() {
        MultiDataSet batch =
                ImageBatches.builder(dataset(true), 4).seed(7).labelsAsTargets().build().next();
        MultiDataSet usual = ImageBatches.builder(dataset(true), 4).seed(7).build().next();
        assertArrayEquals(new INDArray[] {usual.getFeatures(0)}, batch.getFeatures());
        assertArrayEquals(new INDArray[] {usual.getFeatures(1)}, batch.getLabels());
    }

    @Test
    void aClassifierNeedsLabels() {
        ImageBatches.Builder builder = batches(4);
        String message =
                assertThrows(IllegalArgumentException.class, builder::labelsAsTargets).getMessage();
        assertEquals("Dataset test has no labels to be targets; open one that has labels", message);
    }
}
