package io.github.edm2.models.diffusion;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Denoising loss on images that were not trained on: lambda (D - y)² (arXiv:2312.02696, Eq. 14),
 * averaged over all elements, without the learned uncertainty. Images, noise and noise levels are
 * drawn once, so that networks are compared on the same examples.
 *
 * <p>For one thread at a time.
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
        return of(graph, new double[0])[0];
    }

    /**
     * The loss of a network, in total and by noise level.
     *
     * @param edges rising noise levels between which the parts are
     * @return the whole loss, then that of noise levels below the first edge, between the first and
     *     the second, and so on; NaN where no noise level was drawn
     */
    public double[] of(ComputationGraph graph, double... edges) {
        LayerWorkspaceMgr none = LayerWorkspaceMgr.noWorkspaces();
        double[] sums = new double[edges.length + 2];
        double[] elements = new double[edges.length + 2];
        for (MultiDataSet batch : batches) {
            INDArray sigma = batch.getFeatures(1);
            INDArray error = graph.output(batch.getFeatures())[0].subi(batch.getLabels(0));
            INDArray weight =
                    Preconditioning.lossWeight(sigma, sigmaData, ArrayType.FF_WORKING_MEM, none);
            error.muli(error).muli(weight);
            sums[0] += error.sumNumber().doubleValue();
            elements[0] += error.length();
            for (int part = 0; edges.length > 0 && part <= edges.length; part++) {
                INDArray isIn = isBetween(sigma, edges, part);
                sums[part + 1] +=
                        error.mul(isIn.reshape(isIn.length(), 1, 1, 1)).sumNumber().doubleValue();
                elements[part + 1] +=
                        isIn.sumNumber().doubleValue() * (error.length() / sigma.length());
            }
        }
        double[] losses = new double[edges.length == 0 ? 1 : sums.length];
        Arrays.setAll(losses, i -> sums[i] / elements[i]);
        return losses;
    }

    /** 1 for noise levels of a part, 0 for others; of the shape of the noise levels. */
    private static INDArray isBetween(INDArray sigma, double[] edges, int part) {
        INDArray isIn = Nd4j.onesLike(sigma);
        if (part > 0) {
            isIn.muli(sigma.gte(edges[part - 1]).castTo(sigma.dataType()));
        }
        if (part < edges.length) {
            isIn.muli(sigma.lt(edges[part]).castTo(sigma.dataType()));
        }
        return isIn;
    }
}
