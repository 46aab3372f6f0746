package io.github.edm2.models.training;

import java.util.Map;
import lombok.EqualsAndHashCode;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.BooleanIndexing;
import org.nd4j.linalg.indexing.conditions.Conditions;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Sets non-finite elements of the gradient to zero before another updater sees them, so that one
 * overflow does not end a training run.
 */
@EqualsAndHashCode
public final class FiniteGradients implements IUpdater {

    private static final long serialVersionUID = 1;

    private final IUpdater updater;

    /**
     * @param updater what makes an update of the finite gradient, for instance Adam
     */
    public FiniteGradients(@JsonProperty("updater") IUpdater updater) {
        this.updater = updater;
    }

    /** The updater behind. */
    public IUpdater getUpdater() {
        return updater;
    }

    @Override
    public long stateSize(long numParams) {
        return updater.stateSize(numParams);
    }

    @Override
    public GradientUpdater<?> instantiate(INDArray viewArray, boolean initializeViewArray) {
        return new Filter(this, updater.instantiate(viewArray, initializeViewArray));
    }

    @Override
    public GradientUpdater<?> instantiate(
            Map<String, INDArray> updaterState, boolean initializeStateArrays) {
        return new Filter(this, updater.instantiate(updaterState, initializeStateArrays));
    }

    @Override
    public IUpdater clone() {
        return new FiniteGradients(updater.clone());
    }

    @Override
    public double getLearningRate(int iteration, int epoch) {
        return updater.getLearningRate(iteration, epoch);
    }

    @Override
    public boolean hasLearningRate() {
        return updater.hasLearningRate();
    }

    @Override
    public void setLrAndSchedule(double lr, ISchedule lrSchedule) {
        updater.setLrAndSchedule(lr, lrSchedule);
    }

    private record Filter(FiniteGradients config, GradientUpdater<?> behind)
            implements GradientUpdater<FiniteGradients> {

        @Override
        public FiniteGradients getConfig() {
            return config;
        }

        @Override
        public void setState(Map<String, INDArray> stateMap, boolean initialize) {
            behind.setState(stateMap, initialize);
        }

        @Override
        public Map<String, INDArray> getState() {
            return behind.getState();
        }

        @Override
        public void setStateViewArray(
                INDArray viewArray, long[] gradientShape, char gradientOrder, boolean initialize) {
            behind.setStateViewArray(viewArray, gradientShape, gradientOrder, initialize);
        }

        @Override
        public void applyUpdater(INDArray gradient, int iteration, int epoch) {
            BooleanIndexing.replaceWhere(gradient, 0, Conditions.notFinite());
            behind.applyUpdater(gradient, iteration, epoch);
        }
    }
}
