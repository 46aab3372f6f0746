package io.github.edm2.models.unet;

import java.util.Map;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Dropout of the SameDiff face: right shares, fresh each time, independent everywhere. */
class DropoutMaskTest {

    private static final double P = .3;
    private static final long[] SHAPE = {-1, 16, 16, 16};

    /** Five standard deviations of a share of 4096 elements. */
    private static final double TOLERANCE = 5 * Math.sqrt(P * (1 - P) / 4096);

    /** Share of equal elements in independent masks. */
    private static final double CHANCE = P * P + (1 - P) * (1 - P);

    @Test
    void sharesAreRightAndMasksIndependent() {
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            SameDiff sd = graph(type);
            Nd4j.getRandom().setSeed(8);
            INDArray first = draw(sd, type, 6);
            INDArray second = draw(sd, type, 6);
            for (int i = 0; i < 6; i++) {
                INDArray image = image(first, i);
                double kept = image.gt(0).castTo(DataType.DOUBLE).meanNumber().doubleValue();
                Assertions.assertEquals(1 - P, kept, TOLERANCE, "kept of image " + i);
                Assertions.assertEquals(1 / (1 - P), image.maxNumber().doubleValue(), 1e-6);
                assertIndependent(image, image(second, i), "executions, image " + i);
                for (int j = 0; j < i; j++) {
                    assertIndependent(image, image(first, j), "images %d and %d".formatted(i, j));
                }
            }
        }
    }

    @Test
    void theGeneratorsSeedDecides() {
        SameDiff sd = graph(DataType.FLOAT);
        Nd4j.getRandom().setSeed(8);
        INDArray first = draw(sd, DataType.FLOAT, 2);
        Nd4j.getRandom().setSeed(8);
        Assertions.assertEquals(first, draw(sd, DataType.FLOAT, 2));
    }

    private static void assertIndependent(INDArray a, INDArray b, String what) {
        double equal = a.eq(b).castTo(DataType.DOUBLE).meanNumber().doubleValue();
        Assertions.assertEquals(CHANCE, equal, TOLERANCE, what);
    }

    private static INDArray image(INDArray batch, int index) {
        return batch.get(NDArrayIndex.point(index)).dup();
    }

    private static SameDiff graph(DataType type) {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", type, SHAPE);
        DropoutMask.mask(sd, x, SHAPE, P, type).rename("mask");
        return sd;
    }

    private static INDArray draw(SameDiff sd, DataType type, int batch) {
        INDArray x = Nd4j.zeros(type, batch, SHAPE[1], SHAPE[2], SHAPE[3]);
        return sd.output(Map.of("x", x), "mask").get("mask");
    }
}
