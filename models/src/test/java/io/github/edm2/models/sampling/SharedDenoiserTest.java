package io.github.edm2.models.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.metrics.Detector;
import io.github.edm2.models.metrics.EmbeddedDetector;
import io.github.edm2.models.unet.FrozenNetwork;
import io.github.edm2.models.unet.NetworkOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Callers that share a network at the same time get, to the bit, what each would get alone. */
class SharedDenoiserTest {

    private static final int CALLERS = 4;
    private static final int ROUNDS = 2;

    private final Edm2 model =
            Edm2.builder()
                    .seed(3)
                    .options(
                            NetworkOptions.builder()
                                    .imgResolution(8)
                                    .imgChannels(1)
                                    .labelDim(3)
                                    .modelChannels(16)
                                    .channelsPerHead(16)
                                    .channelMult(new int[] {1, 1})
                                    .attnResolutions(new int[0])
                                    .numBlocks(1)
                                    .build())
                    .build();

    private final ComputationGraph graph = graph(model);

    private static ComputationGraph graph(Edm2 model) {
        ComputationGraph graph = model.init();
        graph.paramTable()
                .forEach(
                        (name, parameter) -> {
                            if (name.endsWith("_gain")) {
                                parameter.assign(0.5);
                            }
                        });
        return graph;
    }

    private Function<INDArray, Denoiser> denoisers(String kind) {
        return switch (kind) {
            case "graph" -> labels -> Denoiser.of(graph, labels);
            case "sameDiff" -> {
                var sameDiff = model.initSameDiff();
                yield labels -> Denoiser.of(sameDiff, labels);
            }
            case "guided" -> {
                FrozenNetwork frozen = new FrozenNetwork(model.networkOptions(), graph);
                yield labels -> Denoiser.guided(frozen, labels, 1.5);
            }
            default -> {
                FrozenNetwork frozen = new FrozenNetwork(model.networkOptions(), graph);
                yield labels -> Denoiser.of(frozen, labels);
            }
        };
    }

    /** Batches of different sizes and labels, so that plans are made and used side by side. */
    @ParameterizedTest
    @ValueSource(strings = {"frozen", "graph", "sameDiff", "guided"})
    void callersOfOneNetworkDoNotDisturbEachOther(String kind) throws Exception {
        Function<INDArray, Denoiser> denoisers = denoisers(kind);
        HeunSampler sampler = HeunSampler.builder().steps(3).build();
        inTurnAndTogether(
                i -> {
                    long batch = 1 + i % 3;
                    INDArray labels = Nd4j.zeros(DataType.FLOAT, batch, 3);
                    labels.getColumn(i % 3).assign(1);
                    INDArray noise =
                            Nd4j.linspace(-2 + i, 2, batch * 64, DataType.FLOAT)
                                    .reshape(batch, 1, 8, 8);
                    return sampler.sample(denoisers.apply(labels), noise);
                });
    }

    @Test
    void callersOfTheEmbeddedDetectorDoNotDisturbEachOther() throws Exception {
        try (Detector detector = EmbeddedDetector.load()) {
            inTurnAndTogether(
                    i ->
                            detector.findings(
                                            Nd4j.linspace(0, 255 - 9 * i, 512, DataType.FLOAT)
                                                    .reshape(2, 1, 16, 16))
                                    .features());
        }
    }

    private static void inTurnAndTogether(Function<Integer, INDArray> task) throws Exception {
        List<INDArray> alone = IntStream.range(0, 6).boxed().map(task).toList();
        ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
        try {
            List<Future<INDArray>> together = new ArrayList<>();
            for (int i = 0; i < ROUNDS * alone.size(); i++) {
                int which = i % alone.size();
                together.add(callers.submit(() -> task.apply(which)));
            }
            for (int i = 0; i < together.size(); i++) {
                assertEquals(alone.get(i % alone.size()), together.get(i).get(), "caller " + i);
            }
        } finally {
            callers.shutdown();
        }
    }
}
