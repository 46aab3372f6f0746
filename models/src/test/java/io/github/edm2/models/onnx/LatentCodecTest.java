package io.github.edm2.models.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Images become latents and latents images as PyTorch's networks say. */
class LatentCodecTest {

    private static INDArray half(INDArray latents, int from) {
        return latents.get(NDArrayIndex.all(), NDArrayIndex.interval(from, from + 4)).dup();
    }

    @Test
    void encoderGivesMeanAndStandardDeviation() {
        INDArray images = TinyModels.expected("tiny-vae-encoder/in").mul(255);
        INDArray output = TinyModels.expected("tiny-vae-encoder/out");
        Path file = TinyModels.file("tiny-vae-encoder");
        try (LatentEncoder ofStd = LatentEncoder.open(file, false, 1);
                LatentEncoder ofLogVariance = LatentEncoder.open(file, true, 1)) {
            INDArray latents = ofStd.encode(images);
            assertArrayEquals(new long[] {2, 8, 8, 8}, latents.shape());
            assertTrue(TinyModels.largestDifference(output, latents) < TinyModels.TOLERANCE);
            INDArray other = ofLogVariance.encode(images);
            INDArray std = Transforms.exp(half(output, 4).mul(0.5));
            assertEquals(half(latents, 0), half(other, 0));
            assertTrue(TinyModels.largestDifference(std, half(other, 4)) < TinyModels.TOLERANCE);
        }
    }

    @Test
    void negativeStandardDeviationsAreRefused() {
        INDArray spread = Nd4j.createFromArray(0.5f, -1f);
        String message =
                assertThrows(
                                OnnxException.class,
                                () ->
                                        LatentEncoder.requireDeviations(
                                                spread, Path.of("encoder.onnx")))
                        .getMessage();
        assertTrue(message.contains("probably the log variance"), message);
    }

    /** (raw - mean) / std / 2, from the numbers of the published statistics. */
    @Test
    void decoderTakesFinalLatents() {
        INDArray raw = TinyModels.expected("tiny-vae-decoder/in");
        INDArray mean = Nd4j.createFromArray(5.81f, 3.25f, .12f, -2.15f).reshape(1, 4, 1, 1);
        INDArray std = Nd4j.createFromArray(4.17f, 4.62f, 3.71f, 3.28f).reshape(1, 4, 1, 1);
        INDArray latents = raw.sub(mean).div(std).mul(0.5);
        try (LatentDecoder decoder = LatentDecoder.open(TinyModels.file("tiny-vae-decoder"), 1)) {
            INDArray images = decoder.decode(latents);
            assertEquals(DataType.UINT8, images.dataType());
            INDArray exact = TinyModels.expected("tiny-vae-decoder/out").mul(255);
            INDArray fraction = exact.sub(images.castTo(DataType.FLOAT));
            assertTrue(fraction.minNumber().doubleValue() > -0.01);
            assertTrue(fraction.maxNumber().doubleValue() < 1.01);
        }
    }

    /** Whatever is decoded with it: memory is that of one image. */
    @Test
    void anImageDoesNotDependOnTheOthers() {
        INDArray latents = Nd4j.linspace(DataType.FLOAT, -1, 0.003, 3 * 4 * 8 * 8);
        INDArray batch = latents.reshape(3, 4, 8, 8);
        try (LatentDecoder decoder = LatentDecoder.open(TinyModels.file("tiny-vae-decoder"), 1)) {
            INDArray images = decoder.decode(batch);
            for (int i = 0; i < 3; i++) {
                INDArrayIndex one = NDArrayIndex.interval(i, i + 1);
                assertEquals(decoder.decode(batch.get(one).dup()), images.get(one).dup());
            }
            assertNotEquals(images.slice(0).dup(), images.slice(1).dup());
        }
    }

    @Test
    void otherShapesAreRefused() {
        try (LatentEncoder encoder =
                        LatentEncoder.open(TinyModels.file("tiny-vae-encoder"), true, 1);
                LatentDecoder decoder =
                        LatentDecoder.open(TinyModels.file("tiny-vae-decoder"), 1)) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> encoder.encode(Nd4j.create(1, 3, 60, 64)));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> encoder.encode(Nd4j.create(1, 1, 64, 64)));
            assertThrows(
                    IllegalArgumentException.class, () -> decoder.decode(Nd4j.create(1, 8, 8, 8)));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> decoder.decode(Nd4j.valueArrayOf(new long[] {1, 4, 8, 8}, Double.NaN)));
        }
    }
}
