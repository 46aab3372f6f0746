package io.github.edm2.models.diffusion;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/**
 * Denoising loss on images that were not trained on: lambda (D - y)² (arXiv:2312.02696, Eq. 14),
 * averaged over all elements, without the learned uncertainty. Images, noise and noise levels are
 * drawn once, so that networks are compared on the same examples.
 */
public final class HeldOutLoss {

    private final List<MultiDataSet> batches = new ArrayList<>();
    private final double sigmaData;

    /**
     * @param images batches of clean images; labels as the network takes them
     * @param count number of batches to draw, at least 1
     * @param pMean mean of ln sigma
     * @param pStd standard deviation of ln sigma
     * @param sigmaData standard deviation of the data
     * @param seed of the noise
     */
    public HeldOutLoss(
            MultiDataSetIterator images,
            int count,
            double pMean,
            double pStd,
            double sigmaData,
            long seed) {
        this.sigmaData = Preconditioning.checkSigmaData(sigmaData);
        NoisePreProcessor noise = new NoisePreProcessor(pMean, pStd, seed, 0);
        if (count < 1) {
            throw new IllegalArgumentException(
                    "Held-out loss needs at least 1 batch of images, got " + count);
        }
        for (int i = 0; i < count; i++) {
            MultiDataSet batch = images.next();
            noise.preProcess(batch);
            batches.add(batch);
        }
    }

    /** The loss of a network. */
    public double of(ComputationGraph graph) {
        LayerWorkspaceMgr none = LayerWorkspaceMgr.noWorkspaces();
        double sum = 0;
        long elements = 0;
        for (MultiDataSet batch : batches) {
            INDArray error = graph.output(batch.getFeatures())[0].subi(batch.getLabels(0));
            INDArray weight =
                    Preconditioning.lossWeight(
                            batch.getFeatures(1), sigmaData, ArrayType.FF_WORKING_MEM, none);
            sum += error.muli(error).muli(weight).sumNumber().doubleValue();
            elements += error.length();
        }
        return sum / elements;
    }
}
