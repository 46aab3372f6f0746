package io.github.edm2.models.diffusion;

import lombok.EqualsAndHashCode;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Learning rate with inverse square root decay and linear ramp-up (arXiv:2312.02696, Eq. 67), by
 * the number of images t trained before the step:
 *
 * <pre>rate = reference / sqrt(max(t / (decay batch), 1)) min(t / rampUp, 1)</pre>
 *
 * As an ND4J schedule it is by iteration, t being iteration times batch size.
 */
@EqualsAndHashCode
public final class LearningRateSchedule implements ISchedule {

    private static final long serialVersionUID = 1;

    /** Ramp-up of the paper, in images. */
    public static final double RAMP_UP_IMAGES = 10e6;

    @JsonProperty private final double reference;
    @JsonProperty private final double decayBatches;
    @JsonProperty private final double rampUpImages;
    @JsonProperty private final int batch;

    /**
     * @param reference the highest rate, greater than 0
     * @param decayBatches number of batches at which the decay begins; 0 for no decay
     * @param rampUpImages length of the ramp-up in images; 0 for none
     * @param batch images per iteration
     */
    public LearningRateSchedule(
            @JsonProperty("reference") double reference,
            @JsonProperty("decayBatches") double decayBatches,
            @JsonProperty("rampUpImages") double rampUpImages,
            @JsonProperty("batch") int batch) {
        require(reference > 0, "The learning rate must be greater than 0", reference);
        require(decayBatches >= 0, "The decay must be at least 0", decayBatches);
        require(rampUpImages >= 0, "The ramp-up must be at least 0", rampUpImages);
        require(batch >= 1, "The batch must be at least 1", batch);
        this.reference = reference;
        this.decayBatches = decayBatches;
        this.rampUpImages = rampUpImages;
        this.batch = batch;
    }

    private static void require(boolean condition, String rule, Object value) {
        if (!condition) {
            throw new IllegalArgumentException(rule + ", got " + value);
        }
    }

    /** The rate of a step that begins at the given number of images. */
    public double atImages(double images) {
        double rate = reference;
        if (decayBatches > 0) {
            rate /= Math.sqrt(Math.max(images / (decayBatches * batch), 1));
        }
        if (rampUpImages > 0) {
            rate *= Math.min(images / rampUpImages, 1);
        }
        return rate;
    }

    @Override
    public double valueAt(int iteration, int epoch) {
        return atImages((double) iteration * batch);
    }

    @Override
    public ISchedule clone() {
        return this;
    }
}
