package io.github.edm2.models.training;

import io.github.edm2.models.data.ImageBatches;
import io.github.edm2.models.data.LoadAhead;
import io.github.edm2.models.diffusion.NoisePreProcessor;
import java.util.Optional;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Trains an EDM2 network step by step. All randomness of a step (images, noise, dropout) depends on
 * the seed and on the number of images before the step alone, so that a run resumed from a saved
 * network, updater included, goes on as if it had not stopped.
 *
 * <p>While a step runs, another thread loads the images of the next one and makes its noise.
 *
 * <p>For one thread at a time.
 */
public final class Trainer implements AutoCloseable {

    private final ComputationGraph graph;
    private final LoadAhead<MultiDataSet> batches;
    private final MicroBatches microBatches;
    private final long seed;
    private final int microBatch;
    private long images;
    private MultiDataSet lastBatch;

    /**
     * @param graph made by {@link io.github.edm2.models.Edm2}
     * @param data clean images; its position is the number of images trained before. Not to be used
     *     by others until {@link #close}
     * @param microBatch largest number of images in memory at a time
     * @param pMean mean of ln sigma
     * @param pStd standard deviation of ln sigma
     * @param seed of noise and dropout
     */
    public Trainer(
            ComputationGraph graph,
            ImageBatches data,
            int microBatch,
            double pMean,
            double pStd,
            long seed) {
        this.graph = graph;
        NoisePreProcessor noise = new NoisePreProcessor(pMean, pStd, seed, data.position());
        this.batches =
                new LoadAhead<>(
                        data::hasNext,
                        () -> {
                            MultiDataSet batch = data.next();
                            noise.preProcess(batch);
                            return batch;
                        });
        this.microBatches = new MicroBatches(graph, microBatch);
        this.microBatch = microBatch;
        this.seed = seed;
        this.images = data.position();
    }

    /**
     * Trains one batch and calls the network's listeners.
     *
     * @return the network's score: the loss of an image, summed over its elements, averaged over
     *     the batch; divided by the number of elements of an image it is the loss per element that
     *     {@link io.github.edm2.models.diffusion.HeldOutLoss} gives and the EDM2 reference prints
     * @throws java.util.NoSuchElementException after the last epoch of data
     * @throws io.github.edm2.models.data.DatasetException if an image of the batch is damaged
     */
    public double step() {
        MultiDataSet batch = batches.next();
        lastBatch = batch;
        // DL4J's dropout draws from ND4J's global generator.
        Nd4j.getRandom().setSeed(NoisePreProcessor.mix(~seed, images));
        microBatches.fit(batch);
        images += batch.getFeatures(0).size(0);
        return graph.score();
    }

    /**
     * Where the numbers of the last batch stop being finite, to find out why its loss is not. The
     * whole network is computed once more, as in sampling, in micro-batches.
     *
     * @return name of the first layer or vertex, in the order of computation, or of an input, of
     *     which an activation is NaN or infinite; empty if all are finite, and only the loss is not
     * @throws IllegalStateException before the first step
     */
    public Optional<String> firstLayerNotFinite() {
        if (lastBatch == null) {
            throw new IllegalStateException("There is no batch before the first step");
        }
        return NonFiniteLayers.first(graph, lastBatch.getFeatures(), microBatch);
    }

    /** Number of images trained since the beginning of the run. */
    public long images() {
        return images;
    }

    /** Waits until the data is no longer used; the batch that was loaded ahead is dropped. */
    @Override
    public void close() {
        batches.close();
    }
}
