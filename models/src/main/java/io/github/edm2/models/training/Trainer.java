package io.github.edm2.models.training;

import io.github.edm2.models.data.ImageBatches;
import io.github.edm2.models.diffusion.NoisePreProcessor;
import io.github.edm2.models.unet.NetworkOptions;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Trains an EDM2 network step by step. All randomness of a step (images, noise, dropout) depends on
 * the seed and on the number of images before the step alone, so that a run resumed from a saved
 * network, updater included, goes on as if it had not stopped.
 */
public final class Trainer {

    private final ComputationGraph graph;
    private final ImageBatches data;
    private final NoisePreProcessor noise;
    private final MicroBatches microBatches;
    private final long seed;

    /**
     * @param options what the network was made with
     * @param graph made by {@link io.github.edm2.models.Edm2}
     * @param data clean images; its position is the number of images trained
     * @param microBatch largest number of images in memory at a time
     * @param pMean mean of ln sigma
     * @param pStd standard deviation of ln sigma
     * @param seed of noise and dropout
     */
    public Trainer(
            NetworkOptions options,
            ComputationGraph graph,
            ImageBatches data,
            int microBatch,
            double pMean,
            double pStd,
            long seed) {
        this.graph = graph;
        this.data = data;
        this.noise = new NoisePreProcessor(pMean, pStd, seed, data.position());
        this.microBatches = new MicroBatches(options, graph, microBatch);
        this.seed = seed;
    }

    /**
     * Trains one batch and calls the network's listeners.
     *
     * @return the loss of the batch
     */
    public double step() {
        // DL4J's dropout draws from ND4J's global generator.
        Nd4j.getRandom().setSeed(NoisePreProcessor.mix(~seed, data.position()));
        MultiDataSet batch = data.next();
        noise.preProcess(batch);
        microBatches.fit(batch);
        return graph.score();
    }

    /** Number of images trained since the beginning of the run. */
    public long images() {
        return data.position();
    }
}
