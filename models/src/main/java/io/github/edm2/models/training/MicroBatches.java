package io.github.edm2.models.training;

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
 * One training step of a batch that is too large for memory: gradients of micro-batches are added
 * up, and one update is made of the sum, the same as {@code graph.fit} of the whole batch makes.
 */
public final class MicroBatches {

    private final ComputationGraph graph;
    private final int size;
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
    }

    /** One step, listeners included; {@code graph.score()} is the batch's score afterwards. */
    public void fit(MultiDataSet batch) {
        long examples = batch.getFeatures(0).size(0);
        if (examples <= size) {
            graph.fit(batch);
            return;
        }
        graph.initGradientsView();
        INDArray gradients = graph.getFlattenedGradients();
        if (sum == null) {
            sum = gradients.ulike();
        }
        sum.assign(0);
        double score = 0;
        for (long from = 0; from < examples; from += size) {
            long to = Math.min(from + size, examples);
            graph.setInputs(slice(batch.getFeatures(), from, to));
            graph.setLabels(slice(batch.getLabels(), from, to));
            graph.computeGradientAndScore();
            sum.addi(gradients);
            score += graph.score() * (to - from);
        }
        gradients.assign(sum);
        update(score / examples, (int) examples);
        graph.clear();
    }

    /** What DL4J's StochasticGradientDescent does once the gradient is known. */
    private void update(double score, int examples) {
        int iteration = graph.getIterationCount();
        int epoch = graph.getEpochCount();
        Gradient gradient = graph.gradient();
        graph.getUpdater(true)
                .update(gradient, iteration, epoch, examples, LayerWorkspaceMgr.noWorkspaces());
        graph.params().subi(gradient.gradient().reshape(graph.params().shape()));
        graph.setScore(score);
        for (TrainingListener listener : graph.getListeners()) {
            listener.iterationDone(graph, iteration, epoch);
        }
        graph.getConfiguration().setIterationCount(iteration + 1);
    }

    private static INDArray[] slice(INDArray[] arrays, long from, long to) {
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
