package io.github.edm2.models.training;

import java.util.Map;
import lombok.EqualsAndHashCode;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.BooleanIndexing;
import org.nd4j.linalg.indexing.conditions.Conditions;
import org.nd4j.linalg.learning.AdamUpdater;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Adam as EDM2 is trained with (arXiv:2312.02696, appendix B): with beta1 0.9, beta2 0.99, epsilon
 * 1e-8; non-finite elements of the gradient count as zero, so that one overflow does not end a run.
 *
 * <p>As in algorithm 1 of the Adam paper (arXiv:1412.6980), epsilon is added to the bias-corrected
 * root of the second moment. ND4J's Adam adds it before the correction, which is 10 times as much
 * in the first step of beta2 = 0.99, and visible in parameters with small gradients.
 *
 * <p>For one thread at a time.
 */
@EqualsAndHashCode
public final class FiniteAdam implements IUpdater {

    private static final long serialVersionUID = 1;

    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.99;
    private static final double EPSILON = 1e-8;

    private ISchedule learningRate;

    /**
     * @param learningRate by iteration
     */
    public FiniteAdam(@JsonProperty("learningRate") ISchedule learningRate) {
        this.learningRate = learningRate;
    }

    @Override
    public long stateSize(long numParams) {
        return 2 * numParams;
    }

    @Override
    public GradientUpdater<?> instantiate(INDArray viewArray, boolean initializeViewArray) {
        Updater updater = new Updater(this);
        long[] bothMoments = {viewArray.length()};
        long[] oneMoment = {viewArray.length() / 2};
        updater.setStateViewArray(
                viewArray.reshape(bothMoments), oneMoment, 'c', initializeViewArray);
        return updater;
    }

    @Override
    public GradientUpdater<?> instantiate(
            Map<String, INDArray> updaterState, boolean initializeStateArrays) {
        Updater updater = new Updater(this);
        updater.setState(updaterState, initializeStateArrays);
        return updater;
    }

    @Override
    public IUpdater clone() {
        return new FiniteAdam(learningRate.clone());
    }

    @Override
    public double getLearningRate(int iteration, int epoch) {
        return learningRate.valueAt(iteration, epoch);
    }

    @Override
    public boolean hasLearningRate() {
        return true;
    }

    @Override
    public void setLrAndSchedule(double lr, ISchedule lrSchedule) {
        if (lrSchedule == null) {
            throw new IllegalArgumentException(
                    "FiniteAdam needs a schedule; for a constant rate of %s use new FixedSchedule(%s)"
                            .formatted(lr, lr));
        }
        learningRate = lrSchedule;
    }

    private static final class Updater implements GradientUpdater<FiniteAdam> {

        private final FiniteAdam config;
        private final Adam adam;
        private final AdamUpdater updater;

        Updater(FiniteAdam config) {
            this.config = config;
            this.adam =
                    Adam.builder()
                            .learningRateSchedule(config.learningRate)
                            .beta1(BETA1)
                            .beta2(BETA2)
                            .build();
            this.updater = new AdamUpdater(adam);
        }

        @Override
        public FiniteAdam getConfig() {
            return config;
        }

        @Override
        public void setState(Map<String, INDArray> stateMap, boolean initialize) {
            updater.setState(stateMap, initialize);
        }

        @Override
        public Map<String, INDArray> getState() {
            return updater.getState();
        }

        @Override
        public void setStateViewArray(
                INDArray viewArray, long[] gradientShape, char gradientOrder, boolean initialize) {
            updater.setStateViewArray(viewArray, gradientShape, gradientOrder, initialize);
        }

        @Override
        public void applyUpdater(INDArray gradient, int iteration, int epoch) {
            // The sum of squares tells in a tenth of the time whether there is anything to replace,
            // by BLAS in less than half the time of a reduction. Two passes: the native replacement
            // does not know notFinite (M2.1) and prints a line of complaint per element instead.
            if (!Double.isFinite(Nd4j.getBlasWrapper().dot(gradient, gradient))) {
                BooleanIndexing.replaceWhere(gradient, 0, Conditions.isNan());
                BooleanIndexing.replaceWhere(gradient, 0, Conditions.isInfinite());
            }
            adam.setLearningRateSchedule(config.learningRate);
            adam.setEpsilon(EPSILON * Math.sqrt(1 - Math.pow(BETA2, iteration + 1)));
            updater.applyUpdater(gradient, iteration, epoch);
            if (config.getLearningRate(iteration, epoch) == 0) {
                // The native operation (M2.1) takes epsilon for a rate of 0, as in the first step
                // of a ramp-up.
                gradient.assign(0);
            }
        }
    }
}
