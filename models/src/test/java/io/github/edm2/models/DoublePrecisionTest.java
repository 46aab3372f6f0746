package io.github.edm2.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.models.data.EmbeddedImages;
import io.github.edm2.models.data.ImageBatches;
import io.github.edm2.models.diffusion.NoisePreProcessor;
import io.github.edm2.models.sampling.Denoiser;
import io.github.edm2.models.training.Trainer;
import io.github.edm2.models.unet.FrozenNetwork;
import io.github.edm2.models.unet.NetworkOptions;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;

/** A network in double precision trains from images, which are bytes, and samples. */
class DoublePrecisionTest {

    private static final int BATCH = 4;
    private static final int STEPS = 2;

    private static final double EXACT = 1e-9;

    private static Edm2 model(DataType type) {
        NetworkOptions options =
                TinyNetwork.options()
                        .imgResolution(16)
                        .imgChannels(1)
                        .labelDim(10)
                        .attnResolutions(new int[] {8})
                        .build();
        return Edm2.builder().seed(5).dataType(type).options(options).updater(new Sgd(.01)).build();
    }

    private static ImageBatches images() {
        return ImageBatches.builder(EmbeddedImages.train(true), BATCH).seed(3).build();
    }

    private static ComputationGraph fitted(DataType type) {
        ComputationGraph network = model(type).init();
        ImageBatches images = images();
        images.setPreProcessor(new NoisePreProcessor(-.8, 1.2, 1, 0));
        for (int step = 0; step < STEPS; step++) {
            network.fit(images.next());
        }
        return network;
    }

    /**
     * In micro-batches, too, up to their repeated normalization, which divides by a little more.
     */
    @ParameterizedTest
    @CsvSource({"4, 1e-9", "3, 1e-4"})
    void trainerTrainsAsFit(int microBatch, double tolerance) {
        ComputationGraph expected = fitted(DataType.DOUBLE);
        assertEquals(DataType.DOUBLE, expected.params().dataType());
        Edm2 model = model(DataType.DOUBLE);
        ComputationGraph network = model.init();
        try (Trainer trainer = new Trainer(network, images(), microBatch, -.8, 1.2, 1)) {
            for (int step = 0; step < STEPS; step++) {
                trainer.step();
            }
        }
        Golden.assertClose(expected.params(), network.params(), tolerance, "trained");
    }

    @Test
    void frozenItSamples() {
        Edm2 model = model(DataType.DOUBLE);
        ComputationGraph network = fitted(DataType.DOUBLE);
        FrozenNetwork frozen = new FrozenNetwork(model.networkOptions(), network);
        for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
            INDArray x = TinyNetwork.normal(type, 1, BATCH, 1, 16, 16);
            INDArray expected = Denoiser.of(network, null).denoise(x, .5);
            INDArray actual = Denoiser.of(frozen, null).denoise(x, .5);
            Golden.assertClose(expected, actual, EXACT, "" + type);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"HALF", "BFLOAT16", "INT"})
    void otherTypesAreRefused(DataType type) {
        String message =
                assertThrows(IllegalArgumentException.class, () -> model(type).init()).getMessage();
        assertTrue(message.contains("FLOAT or DOUBLE"), message);
    }
}
