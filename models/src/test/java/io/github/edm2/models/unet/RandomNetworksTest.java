package io.github.edm2.models.unet;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.Golden;
import io.github.edm2.models.PlannedTraining;
import io.github.edm2.models.RandomBatch;
import io.github.edm2.models.TinyNetwork;
import io.github.edm2.models.sampling.Denoiser;
import java.util.stream.LongStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;

/**
 * Networks of random constructor options compute the same as graph, as SameDiff graph, frozen and
 * prepared for training. In double precision, because heads of one or two channels multiply
 * rounding errors by thousands: their cosine attention hardly sees more than signs.
 */
class RandomNetworksTest {

    private static final int NETWORKS = 200;

    /** Relative. */
    private static final double OUTPUT = 1e-9;

    /** Relative; heads of one channel lose some of their digits. */
    private static final double GRADIENT = 1e-6;

    private static final double SIGMA = .7;

    private static int agreed;

    static LongStream seeds() {
        return LongStream.rangeClosed(1, NETWORKS); // ND4J takes 0 for the time of day
    }

    @AfterAll
    static void printCount() {
        System.out.println(agreed + " of " + NETWORKS + " networks of random options agree");
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void facesAgree(long seed) {
        NetworkOptions options = RandomOptions.of(seed);
        String what = seed + ", " + options;
        int batch = 1 + (int) (seed % 3);
        MultiDataSet data = RandomBatch.of(options, batch, DataType.DOUBLE, seed);
        INDArray labels = options.getLabelDim() > 0 ? data.getFeatures(2) : null;
        INDArray x = data.getFeatures(0);
        ComputationGraph graph = network(options, seed);
        INDArray expected = Denoiser.of(graph, labels).denoise(x, SIGMA);
        FrozenNetwork frozen = new FrozenNetwork(options, graph);
        assertEqual(expected, Denoiser.of(frozen, labels).denoise(x, SIGMA), "frozen " + what);
        SameDiff sameDiff = SameDiffAssembler.assemble(options, graph, false);
        assertEqual(expected, Denoiser.of(sameDiff, labels).denoise(x, SIGMA), "SameDiff " + what);
        if (options.getDropout() == 0) {
            assertTrains(options, graph, data, what);
        } else { // without it, because the masks differ
            NetworkOptions without = options.toBuilder().dropout(0).build();
            assertTrains(without, network(without, seed), data, what);
        }
        agreed++;
    }

    private static void assertTrains(
            NetworkOptions options, ComputationGraph graph, MultiDataSet data, String what) {
        INDArray start = graph.params().dup();
        graph.setInputs(data.getFeatures());
        graph.setLabels(data.getLabels());
        graph.computeGradientAndScore();
        double loss = graph.score();
        INDArray gradients = graph.getFlattenedGradients().dup();
        INDArray normalized = graph.params().dup();
        graph.params().assign(start);
        new PlannedTraining(graph).computeGradientAndScore(data);
        assertEquals(1, graph.score() / loss, OUTPUT, "loss " + what);
        Golden.assertClose(gradients, graph.getFlattenedGradients(), GRADIENT, "gradients " + what);
        assertEqual(normalized, graph.params(), "weights " + what);
    }

    /** Random gains, too, because those of a fresh network hide what is behind them. */
    private static ComputationGraph network(NetworkOptions options, long seed) {
        ComputationGraph graph =
                Edm2.builder().options(options).dataType(DataType.DOUBLE).seed(seed).build().init();
        graph.setParams(TinyNetwork.normal(DataType.DOUBLE, seed, graph.params().shape()));
        return graph;
    }

    private static void assertEqual(INDArray expected, INDArray actual, String what) {
        Golden.assertClose(expected, actual, OUTPUT, what);
    }
}
