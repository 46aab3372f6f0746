package io.github.edm2.layers.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What DL4J's own calls of a layer or vertex compute: the operations of its {@link Planned#plan},
 * made once for each shape of the inputs. For one thread at a time.
 */
public final class OwnOperations {

    /** Shapes of a batch and of the last one of an epoch, with and without gradients. */
    private static final int MOST = 4;

    private final Planned planned;
    private final String name;
    private final Layer layer;
    private final DataType type;
    private final RecentPlans<LayerPlan> plans = new RecentPlans<>(MOST);

    /** The arrays that the plans were made for: parameters and their gradients. */
    private List<INDArray> arrays = List.of();

    /** Of the last forward pass. */
    private LayerPlan last;

    private boolean evaluated;

    /**
     * @param name of the layer or vertex
     * @param layer at run time; null for a vertex without parameters
     * @param type of the network
     */
    public OwnOperations(Planned planned, String name, Layer layer, DataType type) {
        this.planned = planned;
        this.name = name;
        this.layer = layer;
        this.type = type;
    }

    /**
     * The forward pass.
     *
     * @param inputs of the network's data type; not changed
     * @return a new array in {@code ACTIVATIONS}
     */
    public INDArray forward(boolean training, LayerWorkspaceMgr workspaces, INDArray... inputs) {
        try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            INDArray[] x = Arrays.stream(inputs).map(this::inPlan).toArray(INDArray[]::new);
            last = plan(training, x);
            evaluated = !training;
            INDArray y = last.forward(evaluated, workspaces, x);
            return planned.isElementwise() ? y.reshape(inputs[0].shape()) : y;
        }
    }

    /**
     * The backward pass of the last forward pass; gradients of parameters go to the layer's views.
     *
     * @param gradient of the output; not changed
     * @param inputs of the forward pass
     * @return gradients of the inputs, new arrays in {@code ACTIVATION_GRAD}; null where there is
     *     none
     * @throws IllegalStateException if there was no forward pass
     */
    public INDArray[] backward(
            LayerWorkspaceMgr workspaces, INDArray gradient, INDArray... inputs) {
        if (last == null) {
            throw new IllegalStateException(
                    "Backward pass of \"%s\" without a forward pass before it; call feedForward(true) first"
                            .formatted(name));
        }
        try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            if (!last.givesGradients()) {
                // DL4J's FrozenLayerWithBackprop goes back from a forward pass outside of training.
                INDArray[] x = Arrays.stream(inputs).map(this::inPlan).toArray(INDArray[]::new);
                last = plan(true, x);
                last.forward(evaluated, LayerWorkspaceMgr.noWorkspaces(), x);
            }
            INDArray[] gradients = last.backward(inPlan(gradient), workspaces);
            INDArray given = last.gradientArray();
            if (given != null && given != layer.getGradientsViewArray()) {
                // DL4J makes the array of gradients between the first forward and backward pass.
                layer.getGradientsViewArray()
                        .assign(given.reshape(layer.getGradientsViewArray().shape()));
            }
            if (planned.isElementwise()) {
                for (int i = 0; i < gradients.length; i++) {
                    gradients[i] = gradients[i].reshape(inputs[i].shape());
                }
            }
            return gradients;
        }
    }

    /** Functions of single elements take any shape, and no reordering. */
    private INDArray inPlan(INDArray array) {
        return planned.isElementwise()
                ? array.reshape('c', array.size(0), array.length() / array.size(0))
                : array;
    }

    private LayerPlan plan(boolean gradients, INDArray... x) {
        List<INDArray> now = new ArrayList<>();
        if (layer != null) {
            now.addAll(layer.paramTable().values());
            now.add(layer.getGradientsViewArray());
        }
        if (!isSame(now)) {
            plans.clear();
            arrays = now;
        }
        long[][] shapes = Arrays.stream(x).map(INDArray::shape).toArray(long[][]::new);
        return plans.computeIfAbsent(
                        gradients + Arrays.deepToString(shapes),
                        key ->
                                Optional.of(
                                        new LayerPlan(
                                                planned, name, layer, type, gradients, shapes)))
                .orElseThrow();
    }

    /** Whether these are the very arrays, not equal ones, that the plans were made for. */
    private boolean isSame(List<INDArray> now) {
        boolean same = now.size() == arrays.size();
        for (int i = 0; same && i < now.size(); i++) {
            same = now.get(i) == arrays.get(i);
        }
        return same;
    }

    /** Forgets the last forward pass. */
    public void clear() {
        last = null;
    }
}
