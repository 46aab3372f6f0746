package io.github.edm2.models;

import io.github.edm2.models.unet.NetworkOptions;
import io.github.edm2.models.unet.SameDiffAssembler;
import java.util.List;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Exp;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** The smallest conditional network with every part: resampling, attention, gains, labels. */
public final class TinyNetwork {

    public static final int BATCH = 3;
    public static final int CLASSES = 3;
    public static final long[] IMAGES = {BATCH, 2, 4, 4};

    private TinyNetwork() {}

    public static NetworkOptions.NetworkOptionsBuilder options() {
        return NetworkOptions.builder()
                .imgResolution(4)
                .imgChannels(2)
                .labelDim(CLASSES)
                .modelChannels(2)
                .channelMult(new int[] {1, 1})
                .numBlocks(1)
                .attnResolutions(new int[] {2})
                .channelsPerHead(1)
                .resampleFilter(new double[] {1, 3, 3, 1})
                .logvarChannels(4);
    }

    public static Edm2.Edm2Builder builder(DataType type, double dropout) {
        return Edm2.builder()
                .seed(9)
                .dataType(type)
                .options(options().dropout(dropout).build())
                .updater(Adam.builder().learningRate(.01).build());
    }

    /** The network as a SameDiff graph, ready for {@code fit} with batches of this class. */
    public static SameDiff trainable(SameDiff sd) {
        sd.setTrainingConfig(
                TrainingConfig.builder()
                        .updater(Adam.builder().learningRate(.01).build())
                        .dataSetFeatureMapping("image", "sigma", "label")
                        .dataSetLabelMapping("clean", "sigma")
                        .build());
        sd.setListeners(List.of(SameDiffAssembler.forcedWeightNormalization(sd)));
        return sd;
    }

    /** Noisy images, noise levels and labels; clean images and noise levels. */
    public static MultiDataSet batch(DataType type, long seed) {
        INDArray clean = normal(type, seed, IMAGES).muli(.5);
        INDArray sigma = normal(type, seed + 1, BATCH, 1);
        Nd4j.exec(new Exp(sigma, sigma));
        INDArray noisy =
                normal(type, seed + 2, IMAGES).muli(sigma.reshape(BATCH, 1, 1, 1)).addi(clean);
        INDArray labels = Nd4j.eye(CLASSES).castTo(type);
        return new MultiDataSet(
                new INDArray[] {noisy, sigma, labels}, new INDArray[] {clean, sigma});
    }

    public static INDArray normal(DataType type, long seed, long... shape) {
        Nd4j.getRandom().setSeed(seed);
        return Nd4j.randn(DataType.DOUBLE, shape).castTo(type);
    }
}
