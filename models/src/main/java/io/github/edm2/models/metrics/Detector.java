package io.github.edm2.models.metrics;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A network that turns images into feature vectors, which metrics compare, and perhaps into
 * classes. Not for use by several threads at a time.
 */
public interface Detector extends AutoCloseable {

    /** What statistics files call it, such as {@code fid}. */
    String name();

    /** Length of a feature vector. */
    int dimensions();

    /**
     * Looks at images.
     *
     * @param images [n, channels, height, width], 0 to 255, 1 channel (grey) or 3 (RGB)
     * @throws IllegalArgumentException if the detector does not take images of this shape
     */
    Findings findings(INDArray images);

    /** Frees what it holds. */
    @Override
    void close();

    /**
     * What a detector finds in images.
     *
     * @param features FLOAT [n, dimensions]
     * @param logits of the classes, FLOAT [n, classes]; null where the detector has none
     */
    record Findings(INDArray features, INDArray logits) {}
}
