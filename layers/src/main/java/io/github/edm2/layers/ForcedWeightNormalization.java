package io.github.edm2.layers;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.BaseListener;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Forced weight normalization (arXiv:2312.02696, Eq. 66) for SameDiff graphs: before each training
 * step, the stored weights of {@link MpConvolution#mpConvolution} and {@link MpLinear#mpLinear} are
 * divided by the root mean square of each output row, in place. DL4J layers do this themselves.
 *
 * <pre>{@code
 * sd.setListeners(new ForcedWeightNormalization("conv_W", "linear_W"));
 * }</pre>
 */
public final class ForcedWeightNormalization extends BaseListener {

    private final List<String> weights;

    /**
     * @param weights names of the weight variables, first axis = output rows
     * @throws IllegalArgumentException if there are none
     */
    public ForcedWeightNormalization(Collection<String> weights) {
        if (weights.isEmpty()) {
            throw new IllegalArgumentException(
                    "weights must name at least one variable, got none; without magnitude-preserving weights leave the listener out");
        }
        this.weights = new ArrayList<>(new LinkedHashSet<>(weights));
    }

    /**
     * @param weights names of the weight variables, first axis = output rows
     * @throws IllegalArgumentException if there are none
     */
    public ForcedWeightNormalization(String... weights) {
        this(List.of(weights));
    }

    @Override
    public boolean isActive(Operation operation) {
        return operation == Operation.TRAINING;
    }

    /**
     * Normalizes the weights.
     *
     * @throws IllegalStateException if the graph has no variable of one of the names
     */
    @Override
    public void iterationStart(SameDiff sd, At at, MultiDataSet data, long etlMs) {
        for (String name : weights) {
            SDVariable variable = sd.getVariable(name);
            if (variable == null || variable.getVariableType() != VariableType.VARIABLE) {
                throw new IllegalStateException(
                        "There is no trainable variable \"%s\" to normalize; the graph's variables are %s"
                                .formatted(name, trainable(sd)));
            }
            normalize(variable.getArr());
        }
    }

    private static List<String> trainable(SameDiff sd) {
        return sd.variables().stream()
                .filter(variable -> variable.getVariableType() == VariableType.VARIABLE)
                .map(SDVariable::name)
                .toList();
    }

    private static void normalize(INDArray weight) {
        try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            INDArray rows =
                    weight.reshape('c', weight.size(0), Normalization.fanIn(weight.shape()));
            INDArray normalized = rows.ulike();
            INDArray divisor = Nd4j.createUninitialized(weight.dataType(), rows.size(0), 1);
            Normalization.ofRows(rows, Normalization.EPSILON, normalized, divisor).run();
            rows.assign(normalized);
        }
    }
}
