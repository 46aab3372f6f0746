package io.github.edm2.models;

import io.github.edm2.models.unet.NetworkOptions;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Exp;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Training data of a network's shapes, the same for the same seed. */
public final class RandomBatch {

    private RandomBatch() {}

    /** Noisy images, noise levels and the first class's labels; clean images and noise levels. */
    public static MultiDataSet of(NetworkOptions options, int batch, DataType type, long seed) {
        int size = options.getImgResolution();
        long[] shape = {batch, options.getImgChannels(), size, size};
        INDArray clean = TinyNetwork.normal(type, seed, shape).muli(.5);
        INDArray sigma = TinyNetwork.normal(type, seed + 1, batch, 1);
        Nd4j.exec(new Exp(sigma, sigma));
        INDArray noisy =
                TinyNetwork.normal(type, seed + 2, shape)
                        .muli(sigma.reshape(batch, 1, 1, 1))
                        .addi(clean);
        INDArray[] targets = {clean, sigma};
        if (options.getLabelDim() == 0) {
            return new MultiDataSet(new INDArray[] {noisy, sigma}, targets);
        }
        INDArray labels = Nd4j.zeros(type, batch, options.getLabelDim());
        labels.getColumn(0).assign(1);
        return new MultiDataSet(new INDArray[] {noisy, sigma, labels}, targets);
    }
}
