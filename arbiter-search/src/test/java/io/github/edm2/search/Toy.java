package io.github.edm2.search;

import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToDoubleFunction;
import java.util.stream.LongStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** A network of somebody's own with noisy data, that trains in milliseconds. */
final class Toy {

    static final int BATCH = 8;
    static final int SNAPSHOT = 64;
    static final long[] TIMES = {256, 512};

    /** How often a network was trained from its beginning. */
    final AtomicInteger trainings = new AtomicInteger();

    /** Steps that were made. */
    final AtomicInteger steps = new AtomicInteger();

    Recipe recipe() {
        return Recipe.of("toy", Toy::network, this::data);
    }

    static ComputationGraph network(Hyperparameters hyperparameters) {
        ComputationGraph graph =
                new ComputationGraph(
                        new NeuralNetConfiguration.Builder()
                                .seed(1)
                                .updater(new Adam(hyperparameters.number("lr")))
                                .graphBuilder()
                                .addInputs("in")
                                .addLayer(
                                        "hidden",
                                        new DenseLayer.Builder()
                                                .nIn(3)
                                                .nOut(8)
                                                .activation(Activation.TANH)
                                                .build(),
                                        "in")
                                .addLayer(
                                        "out",
                                        new OutputLayer.Builder(LossFunction.MSE)
                                                .nIn(8)
                                                .nOut(1)
                                                .activation(Activation.IDENTITY)
                                                .build(),
                                        "hidden")
                                .setOutputs("out")
                                .build());
        graph.init();
        return graph;
    }

    Iterator<MultiDataSet> data(Hyperparameters hyperparameters, long from) {
        if (from == 0) {
            trainings.incrementAndGet();
        }
        return LongStream.iterate(from, image -> image + BATCH)
                .mapToObj(
                        image -> {
                            steps.incrementAndGet();
                            return batch(image, BATCH, 1);
                        })
                .iterator();
    }

    static MultiDataSet batch(long seed, int count, double noise) {
        try (var random = Nd4j.getRandomFactory().getNewRandomInstance(seed + 1)) {
            INDArray x = random.nextGaussian(new long[] {count, 3}).castTo(DataType.FLOAT);
            INDArray y = Nd4j.math().sin(x.sum(true, 1));
            INDArray error = random.nextGaussian(new long[] {count, 1}).castTo(DataType.FLOAT);
            return new org.nd4j.linalg.dataset.MultiDataSet(x, y.addi(error.muli(noise)));
        } catch (Exception e) { // of AutoCloseable.close, which the generator does not throw
            throw new IllegalStateException(e);
        }
    }

    /** A search over learning rates 0.003, 0.01, 0.03 and 0.1 with 25 EMA lengths and 2 times. */
    PostHocEmaSearch.Builder search(Path study) {
        return PostHocEmaSearch.builder()
                .study(study)
                .space(TrainingSpace.builder().axis("lr", 0.003, 0.01, 0.03, 0.1).build())
                .choices(PostHocSpace.of(EmaLengthSpace.linear(0.01, 0.25, 25), TIMES))
                .recipe(recipe())
                .scores(Score.of("error", Toy::error))
                .objective(Objective.lowest("error"))
                .snapshotEvery(SNAPSHOT);
    }

    /** Mean squared error on data without noise. */
    static double error(ComputationGraph graph) {
        return graph.score(batch(1_000_000, 256, 0));
    }

    /** A score named error that looks at the candidate instead of its network. */
    static Score score(ToDoubleFunction<Trial> function) {
        return new Score() {
            @Override
            public List<String> names() {
                return List.of("error");
            }

            @Override
            public Map<String, Double> of(ComputationGraph network, Trial trial) {
                return Map.of("error", function.applyAsDouble(trial));
            }
        };
    }
}
