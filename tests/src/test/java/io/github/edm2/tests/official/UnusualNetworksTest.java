package io.github.edm2.tests.official;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.Golden;
import io.github.edm2.models.PlannedTraining;
import io.github.edm2.models.RandomBatch;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.data.Pixels;
import io.github.edm2.models.sampling.Denoiser;
import io.github.edm2.models.sampling.HeunSampler;
import io.github.edm2.models.sampling.SeededNoise;
import io.github.edm2.models.sampling.TorchCpuNoise;
import io.github.edm2.models.unet.FrozenNetwork;
import io.github.edm2.models.unet.NetworkOptions;
import io.github.edm2.models.unet.SameDiffAssembler;
import java.nio.file.Path;
import java.util.stream.LongStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;

/**
 * Proves that official networks with unusual constructor arguments (narrow attention, no clipping,
 * no blocks, balances of 0 and 1, long filters, odd resolutions) draw the reference's latents and
 * images, and train the same in the graph and prepared.
 */
class UnusualNetworksTest {

    /** Relative, after a whole sampling. */
    private static final double LATENTS = 1e-4;

    /** Relative, one loss in single precision. */
    private static final double LOSS = 1e-5;

    private static final String FOLDER = "official-variants/";

    @ParameterizedTest
    @ValueSource(ints = {100, 101, 102, 103, 105, 113, 114, 117, 120, 126})
    void officialNetworkDrawsAndTrains(int number) {
        NetworkFile network =
                Edm2.read(Path.of("src/test/resources/golden", FOLDER, number + ".pkl"));
        NetworkOptions options = network.options();
        assertDraws(number, "graph", options, labels -> Denoiser.of(network.graph(), labels));
        FrozenNetwork frozen = new FrozenNetwork(options, network.graph());
        assertDraws(number, "frozen", options, labels -> Denoiser.of(frozen, labels));
        var sameDiff = SameDiffAssembler.assemble(options, network.graph(), false);
        assertDraws(number, "SameDiff", options, labels -> Denoiser.of(sameDiff, labels));
        NetworkOptions without = options.toBuilder().dropout(0).build(); // or the masks differ
        ComputationGraph graph = Edm2.builder().options(without).build().init();
        graph.setParams(network.graph().params());
        assertTrains(number, new NetworkFile(without, graph));
    }

    /** Makes the denoiser of given labels. */
    private interface Face {
        Denoiser of(INDArray labels);
    }

    private static void assertDraws(int number, String name, NetworkOptions options, Face face) {
        String what = number + " " + name;
        Golden golden = Golden.read(FOLDER + number);
        JsonNode json = Golden.json(FOLDER + number);
        long[] seeds = LongStream.range(0, json.get("seeds").size()).toArray();
        int size = options.getImgResolution();
        try (SeededNoise noise = new TorchCpuNoise(seeds, options.getImgChannels(), size, size)) {
            INDArray start = noise.get();
            int classes = options.getLabelDim();
            INDArray labels =
                    classes == 0
                            ? null
                            : Nd4j.eye(classes)
                                    .castTo(DataType.FLOAT)
                                    .getRows(noise.randomClasses(classes));
            INDArray latents =
                    sampler(json.get("sampler")).sample(face.of(labels), start, noise, step -> {});
            Golden.assertClose(golden.get("latents"), latents, LATENTS, what);
            INDArray pixels = Pixels.decode(latents).castTo(DataType.FLOAT);
            INDArray difference = golden.get("images").castTo(DataType.FLOAT).sub(pixels);
            double largest = difference.amaxNumber().doubleValue();
            assertTrue(largest <= 1, () -> what + ": a pixel differs by " + largest);
        }
    }

    private static HeunSampler sampler(JsonNode json) {
        HeunSampler.HeunSamplerBuilder sampler =
                HeunSampler.builder().steps(json.get("num_steps").asInt());
        if (json.has("S_churn")) {
            sampler.sChurn(json.get("S_churn").asDouble())
                    .sMin(json.get("S_min").asDouble())
                    .sMax(json.get("S_max").asDouble())
                    .sNoise(json.get("S_noise").asDouble());
        }
        return sampler.build();
    }

    private static void assertTrains(int number, NetworkFile network) {
        INDArray params = network.graph().params().dup();
        MultiDataSet batch = RandomBatch.of(network.options(), 2, DataType.FLOAT, number);
        network.graph().setInputs(batch.getFeatures());
        network.graph().setLabels(batch.getLabels(0), batch.getFeatures(1));
        network.graph().computeGradientAndScore();
        double expected = network.graph().score();
        INDArray gradient = network.graph().getFlattenedGradients().dup();
        network.graph().params().assign(params);
        new PlannedTraining(network.graph()).computeGradientAndScore(batch);
        assertEquals(1, network.graph().score() / expected, LOSS, "loss of " + number);
        Golden.assertClose(
                gradient, network.graph().getFlattenedGradients(), Golden.GRADIENT, "" + number);
    }
}
