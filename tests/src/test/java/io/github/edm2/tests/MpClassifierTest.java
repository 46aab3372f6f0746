package io.github.edm2.tests;

import io.github.edm2.examples.MpClassifier;
import io.github.edm2.models.data.EmbeddedImages;
import io.github.edm2.models.data.ImageDataset;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

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
}
