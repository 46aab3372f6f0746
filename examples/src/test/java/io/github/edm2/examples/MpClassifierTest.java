package io.github.edm2.examples;

import io.github.edm2.layers.FastGraph;
import io.github.edm2.layers.plan.Training;
import io.github.edm2.models.data.EmbeddedImages;
import io.github.edm2.models.data.ImageDataset;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A classifier of magnitude-preserving layers learns. */
class MpClassifierTest {

    private static final int BATCH = 32;

    @Test
    void aTenthOfAnEpochIsFarAboveChance() {
        try (ImageDataset train = EmbeddedImages.train(true);
                ImageDataset heldOut = EmbeddedImages.heldOut(true)) {
            ComputationGraph classifier = MpClassifier.train(train, 2000, BATCH, 1);
            double accuracy = MpClassifier.accuracy(classifier, heldOut);
            Assertions.assertTrue(accuracy >= 0.7, "accuracy " + accuracy);
        }
    }

    /** In double precision, in which nothing but rounding is left. */
    @Test
    void theFastGraphIsDl4jsGraph() {
        try (ImageDataset train = EmbeddedImages.train(true)) {
            ComputationGraph trained = MpClassifier.train(train, 64, BATCH, 1);
            ComputationGraph plain = trained.convertDataType(DataType.DOUBLE);
            ComputationGraph fast = FastGraph.of(plain.clone());
            // DL4J (M2.1) does not clone it; Adam depends on it.
            fast.getConfiguration().setIterationCount(plain.getIterationCount());
            INDArray images = train.images(new int[] {0, 1, 2, 3, 4}).castTo(DataType.DOUBLE);
            INDArray labels = train.labels(new int[] {0, 1, 2, 3, 4}).castTo(DataType.DOUBLE);
            assertClose(plain.output(images)[0], fast.output(images)[0]);
            Assertions.assertTrue(
                    new Training(plain.clone())
                            .computeGradientAndScore(new INDArray[] {images}, labels)
                            .isPresent());
            for (int step = 0; step < 2; step++) {
                plain.fit(new INDArray[] {images}, new INDArray[] {labels});
                fast.fit(new INDArray[] {images}, new INDArray[] {labels});
                Assertions.assertEquals(1, fast.score() / plain.score(), 1e-9);
                assertClose(plain.params(), fast.params());
            }
        }
    }

    @Test
    void theSeedDecides() {
        try (ImageDataset train = EmbeddedImages.train(true)) {
            ComputationGraph first = MpClassifier.train(train, 64, BATCH, 1);
            Assertions.assertEquals(
                    first.params(), MpClassifier.train(train, 64, BATCH, 1).params());
            Assertions.assertNotEquals(
                    first.params(), MpClassifier.train(train, 64, BATCH, 2).params());
        }
    }

    /** Asserts that the distance is at most a billionth of the largest element. */
    private static void assertClose(INDArray expected, INDArray actual) {
        double relative = expected.distance2(actual) / expected.amaxNumber().doubleValue();
        Assertions.assertTrue(relative <= 1e-9, "relative distance " + relative);
    }
}
