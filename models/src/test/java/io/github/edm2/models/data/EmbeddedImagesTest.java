package io.github.edm2.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The dataset that comes with the library. */
class EmbeddedImagesTest {

    private static void assertBalanced(ImageDataset dataset, int perClass) {
        assertEquals(new ImageShape(1, 16, 16), dataset.shape());
        assertEquals(EmbeddedImages.CLASS_NAMES.size(), dataset.classes());
        int[] counts = new int[dataset.classes()];
        for (int i = 0; i < dataset.count(); i++) {
            counts[dataset.label(i)]++;
        }
        int[] expected = new int[10];
        Arrays.fill(expected, perClass);
        assertArrayEquals(expected, counts);
    }

    @Test
    void hasTheSameNumberOfImagesOfEveryClass() {
        assertBalanced(EmbeddedImages.train(true), 2000);
        assertBalanced(EmbeddedImages.heldOut(true), 200);
    }

    @Test
    void heldOutImagesAreNotAmongThoseToTrainWith() {
        ImageDataset train = EmbeddedImages.train(false);
        Set<ByteBuffer> known = new HashSet<>();
        for (int i = 0; i < train.count(); i++) {
            known.add(ByteBuffer.wrap(train.pixels(i)));
        }
        ImageDataset heldOut = EmbeddedImages.heldOut(false);
        for (int i = 0; i < heldOut.count(); i++) {
            assertFalse(known.contains(ByteBuffer.wrap(heldOut.pixels(i))), "image " + i);
        }
    }

    @Test
    void labelsBelongToTheirImages() {
        // The nearest class mean is right for about two thirds of Fashion-MNIST, chance for a
        // tenth.
        ImageDataset train = EmbeddedImages.train(true);
        int[] all = IntStream.range(0, train.count()).toArray();
        INDArray means =
                train.labels(all).transpose().mmul(train.images(all).reshape(-1, 256)).divi(2000);
        ImageDataset heldOut = EmbeddedImages.heldOut(true);
        int[] unseen = IntStream.range(0, heldOut.count()).toArray();
        // |x - m|^2 without |x|^2, which is the same for all classes.
        INDArray distance =
                heldOut.images(unseen)
                        .reshape(-1, 256)
                        .mmul(means.transpose())
                        .muli(-2)
                        .addiRowVector(means.mul(means).sum(1));
        INDArray right =
                heldOut.labels(unseen)
                        .argMax(1)
                        .eq(distance.neg().argMax(1))
                        .castTo(DataType.FLOAT);
        assertEquals(0.68, right.meanNumber().doubleValue(), 0.05);
    }

    @Test
    void leavesLabelsOutUnlessAsked() {
        assertEquals(0, EmbeddedImages.train(false).classes());
        assertEquals(10, EmbeddedImages.heldOut(true).classes());
    }
}
