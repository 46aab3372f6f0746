package io.github.edm2.models.sampling;

import io.github.edm2.models.unet.FrozenNetwork;
import io.github.edm2.models.unet.GraphAssembler;
import java.util.HashMap;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * D(x; sigma): an estimate of the clean images behind noisy ones. The denoisers made here are safe
 * to share between threads, also several of one network: callers take turns at it.
 */
@FunctionalInterface
public interface Denoiser {

    /**
     * Denoises.
     *
     * @param x noisy images [batch, channels, height, width]; not changed
     * @param sigma standard deviation of the noise in all of them
     * @return clean images in x's shape, a new array that the caller may change
     */
    INDArray denoise(INDArray x, double sigma);

    /**
     * The denoiser of an EDM2 network. It holds the graph's monitor while it computes, as the
     * graph's own {@code fit} does.
     *
     * @param labels one-hot [batch, classes]; null for none, which a conditional network sees as
     *     zeros
     */
    static Denoiser of(ComputationGraph graph, INDArray labels) {
        boolean conditional = graph.getNumInputArrays() > 2;
        int classes =
                conditional ? (int) graph.getLayer("unet.emb_label").getParam("W").size(1) : 0;
        return (x, sigma) -> {
            INDArray sigmas = Nd4j.valueArrayOf(new long[] {x.size(0), 1}, sigma, x.dataType());
            synchronized (graph) {
                return conditional
                        ? graph.output(x, sigmas, labelsOrZeros(x, labels, classes))[0]
                        : graph.output(x, sigmas)[0];
            }
        };
    }

    /**
     * The denoiser of a frozen network, the fastest.
     *
     * @param labels one-hot [batch, classes]; null for none
     */
    static Denoiser of(FrozenNetwork network, INDArray labels) {
        return (x, sigma) -> network.denoise(x, sigma, labels);
    }

    /**
     * The denoiser of an EDM2 network as a SameDiff graph, whose monitor it holds while it
     * computes.
     *
     * @param labels one-hot [batch, classes]; null for none
     */
    static Denoiser of(SameDiff sd, INDArray labels) {
        boolean conditional = sd.hasVariable(GraphAssembler.LABEL);
        int classes =
                conditional ? (int) sd.getVariable(GraphAssembler.LABEL).placeholderShape()[1] : 0;
        return (x, sigma) -> {
            Map<String, INDArray> inputs = new HashMap<>();
            inputs.put(GraphAssembler.IMAGE, x);
            inputs.put(
                    GraphAssembler.SIGMA,
                    Nd4j.valueArrayOf(new long[] {x.size(0), 1}, sigma, x.dataType()));
            if (conditional) {
                inputs.put(GraphAssembler.LABEL, labelsOrZeros(x, labels, classes));
            }
            synchronized (sd) {
                return sd.output(inputs, GraphAssembler.DENOISED).get(GraphAssembler.DENOISED);
            }
        };
    }

    /**
     * Guidance: Dg + w (D - Dg) (arXiv:2312.02696, Eq. 5; arXiv:2406.02507). The guide is an
     * unconditional network, or a weaker one (autoguidance).
     *
     * @param guidance w, finite; 1 leaves the main denoiser alone
     */
    static Denoiser guided(Denoiser main, Denoiser guide, double guidance) {
        requireFinite(guidance);
        if (guidance == 1) {
            return main;
        }
        return (x, sigma) -> guide(main.denoise(x, sigma), guide.denoise(x, sigma), guidance);
    }

    /**
     * Guidance of a conditional network by itself without labels (arXiv:2207.12598), as one batch
     * of twice the size.
     *
     * @param labels one-hot [batch, classes]
     * @param guidance as for {@link #guided(Denoiser, Denoiser, double)}
     */
    static Denoiser guided(FrozenNetwork network, INDArray labels, double guidance) {
        requireFinite(guidance);
        if (guidance == 1) {
            return of(network, labels);
        }
        INDArray both = Nd4j.concat(0, labels, labels.like());
        return (x, sigma) -> {
            INDArray d = network.denoise(Nd4j.concat(0, x, x), sigma, both);
            long batch = x.size(0);
            return guide(
                    d.get(NDArrayIndex.interval(0, batch)),
                    d.get(NDArrayIndex.interval(batch, 2 * batch)),
                    guidance);
        };
    }

    private static INDArray guide(INDArray d, INDArray dg, double guidance) {
        return d.subi(dg).muli(guidance).addi(dg);
    }

    private static void requireFinite(double guidance) {
        if (!Double.isFinite(guidance)) {
            throw new IllegalArgumentException(
                    "guidance must be a finite number, 1 for none, got " + guidance);
        }
    }

    private static INDArray labelsOrZeros(INDArray x, INDArray labels, int classes) {
        return labels == null ? Nd4j.zeros(x.dataType(), x.size(0), classes) : labels;
    }
}
