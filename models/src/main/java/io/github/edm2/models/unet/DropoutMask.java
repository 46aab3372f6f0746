package io.github.edm2.models.unet;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.random.custom.DistributionUniform;

/**
 * Dropout of a SameDiff graph: a factor of 0 or 1 / (1 - p) for every element, fresh at every
 * execution.
 *
 * <p>Written out because ND4J M2.1 leaves no simple way. SameDiff's dropout operations have no
 * gradient. Custom random operations, the ones that take the shape of a batch of unknown size, draw
 * the same numbers at every execution of a graph: InferenceSession never passes the generator's
 * state to their OpContext. Legacy random operations draw fresh numbers, but of a fixed shape.
 * Therefore, with fresh V [1, channels, height, width] and constant U per element, both uniform in
 * [0, 1),
 *
 * <pre>frac({@value #WINDINGS} (1 + V) (1 + U))</pre>
 *
 * which is uniform, and of which so many windings make the images of a batch independent.
 */
final class DropoutMask {

    private static final double WINDINGS = 1000;

    private DropoutMask() {}

    /**
     * The factors.
     *
     * @param x what they are for
     * @param shape the shape of x, the batch being ignored
     * @param p probability of a zero
     * @param type of x
     */
    static SDVariable mask(SameDiff sd, SDVariable x, long[] shape, double p, DataType type) {
        SDVariable fresh = sd.random().uniform(0, 1, type, 1, shape[1], shape[2], shape[3]);
        SDVariable constant = new DistributionUniform(sd, sd.shape(x), 0, 1, type).outputVariable();
        SDVariable wound = fresh.add(1.0).mul(constant.add(1.0)).mul(WINDINGS);
        SDVariable uniform = wound.sub(sd.math().floor(wound));
        double keep = 1 - p;
        return sd.math().floor(uniform.add(keep)).mul(1 / keep);
    }
}
