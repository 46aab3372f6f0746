package io.github.edm2.models.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.models.data.EmbeddedImages;
import io.github.edm2.models.data.ImageDataset;
import java.io.IOException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The detector that comes with the library knows its images and tells them from others. */
class EmbeddedDetectorTest {

    private static final int IMAGES = 400;

    private static EmbeddedDetector detector;
    private static ImageDataset heldOut;

    @BeforeAll
    static void load() throws IOException {
        detector = EmbeddedDetector.load();
        heldOut = EmbeddedImages.heldOut(true);
    }

    @AfterAll
    static void close() {
        detector.close();
        heldOut.close();
    }

    /** 0 to 255. */
    private static INDArray images(int from, int to) {
        return heldOut.images(IntStream.range(from, to).toArray()).addi(1).muli(127.5);
    }

    @Test
    void namesHeldOutImages() {
        Evaluation evaluation = new Evaluation(detector, true);
        int[] labels = IntStream.range(0, IMAGES).map(heldOut::label).toArray();
        evaluation.add(images(0, IMAGES), labels, 10);
        double accuracy = evaluation.accuracy().orElseThrow();
        assertTrue(accuracy > 0.83, "accuracy " + accuracy);
        assertEquals(IMAGES, evaluation.count());
        assertArrayEquals(
                new long[] {IMAGES, detector.dimensions()}, evaluation.features().shape());
    }

    /** A network of 1,000 classes means other ones by 0 to 9. */
    @Test
    void otherClassesAreNotJudged() {
        Evaluation evaluation = new Evaluation(detector, false);
        evaluation.add(images(0, 5), new int[5], 1000);
        assertTrue(evaluation.accuracy().isEmpty());
        assertThrows(IllegalStateException.class, evaluation::features);
    }

    @Test
    void distanceGrowsWithNoise() {
        FeatureStatistics real = statistics(images(0, IMAGES));
        INDArray others = images(IMAGES, 2 * IMAGES);
        Nd4j.getRandom().setSeed(1);
        INDArray noise = Nd4j.randn(DataType.FLOAT, others.shape());
        double last = FrechetDistance.between(real, statistics(others));
        for (double strength : new double[] {20, 60}) {
            double distance =
                    FrechetDistance.between(real, statistics(others.add(noise.mul(strength))));
            assertTrue(distance > 1.5 * last, strength + ": " + distance + " after " + last);
            last = distance;
        }
    }

    private static FeatureStatistics statistics(INDArray images) {
        Evaluation evaluation = new Evaluation(detector, false);
        evaluation.add(images);
        return evaluation.statistics();
    }

    /** An enlarged coloured copy is the same image. */
    @Test
    void averagesColoursAndBlocks() {
        INDArray small = images(0, 5);
        INDArray target = Nd4j.create(DataType.FLOAT, 5, 3, 16, 2, 16, 2);
        INDArray enlarged =
                small.reshape(5, 1, 16, 1, 16, 1).broadcast(target).reshape(5, 3, 32, 32);
        INDArray difference =
                detector.findings(small).features().sub(detector.findings(enlarged).features());
        assertEquals(0, difference.amaxNumber().doubleValue(), 1e-5);
    }

    @Test
    void otherShapesAreRefused() {
        for (long[] shape : new long[][] {{1, 1, 28, 28}, {1, 1, 16, 32}, {1, 16, 16}}) {
            String message =
                    assertThrows(
                                    IllegalArgumentException.class,
                                    () -> detector.findings(Nd4j.zeros(DataType.FLOAT, shape)))
                            .getMessage();
            assertTrue(message.contains("multiples of 16"), message);
        }
    }
}
