package io.github.edm2.models.training;

import io.github.edm2.layers.plan.Training;
import java.util.Arrays;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Training steps of batches that may be too large for memory: gradients of micro-batches are added
 * up, and one update is made of the sum, the same as {@code graph.fit} of the whole batch makes.
 * For one thread at a time.
 */
public final class MicroBatches {

    private final ComputationGraph graph;
    private final int size;
    private final Training training;
    private INDArray sum;

    /**
     * @param graph a network with output layers, without masks
     * @param size largest number of examples in memory at a time, at least 1
     */
    public MicroBatches(ComputationGraph graph, int size) {
        if (size < 1) {
            throw new IllegalArgumentException(
                    "The size of micro-batches must be at least 1, got " + size);
        }
        this.graph = graph;
        this.size = size;
        training = new Training(graph);
    }

    private Gradient gradient(MultiDataSet batch) {
        graph.setInputs(batch.getFeatures());
        graph.setLabels(batch.getLabels());
        return training.computeGradientAndScore(batch.getFeatures(), batch.getLabels())
                .orElseGet(
                        () -> {
                            graph.computeGradientAndScore();
                            return graph.gradient();
                        });
    }

    /** One step, listeners included; {@code graph.score()} is the batch's score afterwards. */
    public void fit(MultiDataSet batch) {
        long examples = batch.getFeatures(0).size(0);
        if (examples <= size) {
            update(gradient(batch), graph.score(), batch);
        } else {
            fitInParts(batch, examples);
        }
        graph.clear();
    }

    private void fitInParts(MultiDataSet batch, long examples) {
        Gradient gradient = null;
        double score = 0;
        for (long from = 0; from < examples; from += size) {
            long to = Math.min(from + size, examples);
            gradient =
                    gradient(
                            new org.nd4j.linalg.dataset.MultiDataSet(
                                    slice(batch.getFeatures(), from, to),
                                    slice(batch.getLabels(), from, to)));
            if (sum == null) {
                sum = gradient.gradient().ulike();
            }
            if (from == 0) {
                sum.assign(gradient.gradient());
            } else {
                sum.addi(gradient.gradient());
            }
            score += graph.score() * (to - from);
        }
        gradient.gradient().assign(sum);
        update(gradient, score / examples, batch);
    }

    /** What DL4J's StochasticGradientDescent does once the gradient is known. */
    private void update(Gradient gradient, double score, MultiDataSet batch) {
        // Listeners ask the graph for the size of the batch.
        graph.setInputs(batch.getFeatures());
        graph.setLabels(batch.getLabels());
        int examples = (int) batch.getFeatures(0).size(0);
        int iteration = graph.getIterationCount();
        int epoch = graph.getEpochCount();
        graph.getUpdater(true)
                .update(gradient, iteration, epoch, examples, LayerWorkspaceMgr.noWorkspaces());
        graph.params().subi(gradient.gradient().reshape(graph.params().shape()));
        graph.setScore(score);
        for (TrainingListener listener : graph.getListeners()) {
            listener.iterationDone(graph, iteration, epoch);
        }
        graph.getConfiguration().setIterationCount(iteration + 1);
    }

    /** Examples {@code from} to {@code to - 1} of each array, as views. */
    static INDArray[] slice(INDArray[] arrays, long from, long to) {
        return Arrays.stream(arrays)
                .map(
                        array -> {
                            INDArrayIndex[] index = new INDArrayIndex[array.rank()];
                            Arrays.fill(index, NDArrayIndex.all());
                            index[0] = NDArrayIndex.interval(from, to);
                            return array.get(index);
                        })
                .toArray(INDArray[]::new);
    }
}
