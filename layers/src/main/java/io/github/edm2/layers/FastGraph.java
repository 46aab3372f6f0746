package io.github.edm2.layers;

import io.github.edm2.layers.plan.OpenMp;
import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Training;
import io.github.edm2.layers.plan.Workers;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.deeplearning4j.nn.api.FwdPassType;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.impl.LayerVertex;
import org.deeplearning4j.nn.layers.FrozenLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A ComputationGraph that trains faster: its layers and vertices of this library run as operations
 * that are made once, on arrays that are allocated once, for each shape of the inputs; DL4J's own
 * layers run between as they are. {@code fit} in all its forms, early stopping and ParallelWrapper
 * use it; scores and gradients equal the plain graph's up to rounding.
 *
 * <p>Where there is no plan, DL4J's own code runs: with masks, truncated backpropagation through
 * time, recurrent or three-dimensional inputs, external errors, or a listener of activations or
 * their gradients ({@code onForwardPass}, {@code onBackwardPass}; StatsListener is one). The log
 * says why at debug level.
 *
 * <p>For one thread at a time, as all networks of DL4J. What {@code ModelSerializer} restores is a
 * plain graph; {@link #of} makes a fast one of it.
 */
public class FastGraph extends ComputationGraph {

    private static final long serialVersionUID = 1;

    private transient Training training;

    private transient FrozenGraph frozen;

    /** Those that are frozen. */
    private transient LastParameters lastParameters;

    /** DL4J's own are out of reach. */
    private transient INDArray[] labels;

    /**
     * @param configuration of a graph; {@code init} is still to be called
     */
    public FastGraph(ComputationGraphConfiguration configuration) {
        super(configuration);
    }

    /**
     * A fast graph in place of a plain one, with its configuration, parameters and listeners, and a
     * copy of its updater's state.
     *
     * @param graph initialized; shares its parameters with the result, and is not to be trained any
     *     more
     */
    public static FastGraph of(ComputationGraph graph) {
        return of(graph, graph.getConfiguration(), graph.params());
    }

    private static FastGraph of(
            ComputationGraph graph,
            ComputationGraphConfiguration configuration,
            INDArray parameters) {
        FastGraph fast = new FastGraph(configuration);
        fast.init(parameters, false);
        if (graph.getUpdater(false) != null && graph.getUpdater().getStateViewArray() != null) {
            fast.getUpdater().setStateViewArray(graph.getUpdater().getStateViewArray().dup());
        }
        fast.setListeners(graph.getListeners());
        for (Layer layer : graph.getLayers()) {
            if (layer instanceof FrozenLayer) {
                String name = layer.conf().getLayer().getLayerName();
                fast.getVertex(name).setLayerAsFrozen();
            }
        }
        return fast;
    }

    @Override
    public void setLabels(INDArray... newLabels) {
        super.setLabels(newLabels);
        labels = newLabels;
    }

    @Override
    public void setLabel(int number, INDArray label) {
        super.setLabel(number, label);
        if (labels == null) {
            labels = new INDArray[getNumOutputArrays()];
        }
        labels[number] = label;
    }

    @Override
    public void clear() {
        super.clear();
        labels = null;
    }

    @Override
    public void computeGradientAndScore() {
        Optional<Gradient> gradients = Optional.empty();
        if (getInputMaskArrays() == null
                && getLabelMaskArrays() == null
                && getListeners().stream().noneMatch(FastGraph::seesActivations)) {
            if (training == null) {
                training = new Training(this);
            }
            gradients = training.computeGradientAndScore(getInputs(), labels);
        }
        if (gradients.isEmpty()) {
            super.computeGradientAndScore();
            return;
        }
        gradient = gradients.get();
    }

    /** Whether a listener takes activations or their gradients, which plans do not keep. */
    private static boolean seesActivations(TrainingListener listener) {
        return Arrays.stream(listener.getClass().getMethods())
                .filter(method -> method.getName().matches("on(For|Back)wardPass"))
                .map(Method::getDeclaringClass)
                .anyMatch(type -> !type.getName().startsWith("org.deeplearning4j.optimize.api."));
    }

    /** What almost all forms of {@code output}, and evaluation, end in. */
    @Override
    protected synchronized INDArray[] outputOfLayersDetached(
            boolean train,
            FwdPassType type,
            int[] layers,
            INDArray[] features,
            INDArray[] featureMasks,
            INDArray[] labelMasks,
            boolean clearInputs,
            boolean detachedInputs,
            MemoryWorkspace workspace) {
        if (!train
                && Planner.plans(getConfiguration().getDataType())
                && type == FwdPassType.STANDARD
                && featureMasks == null
                && labelMasks == null
                && clearInputs
                && features.length == getNumInputArrays()
                && Arrays.equals(layers, getOutputLayerIndices())) {
            setInputs(features);
            Optional<INDArray[]> outputs = frozen(features).outputIfPlanned(features);
            if (outputs.isPresent()) {
                return workspace == null ? outputs.get() : copied(outputs.get(), workspace);
            }
        }
        return super.outputOfLayersDetached(
                train,
                type,
                layers,
                features,
                featureMasks,
                labelMasks,
                clearInputs,
                detachedInputs,
                workspace);
    }

    /** The score outside of training, which early stopping asks for. */
    @Override
    public synchronized double score(MultiDataSet data, boolean training) {
        if (training
                || data.hasMaskArrays()
                || !Planner.plans(getConfiguration().getDataType())
                || !endsInLosses()) {
            return super.score(data, training);
        }
        setInputs(data.getFeatures());
        setLabels(data.getLabels());
        Optional<INDArray[]> inputs =
                frozen(data.getFeatures()).lossInputsIfPlanned(data.getFeatures());
        if (inputs.isEmpty()) {
            return super.score(data, false);
        }
        LayerWorkspaceMgr workspaces = LayerWorkspaceMgr.noWorkspaces();
        double score = 0;
        List<String> outputs = getConfiguration().getNetworkOutputs();
        for (int i = 0; i < outputs.size(); i++) {
            LayerVertex vertex = (LayerVertex) getVertex(outputs.get(i));
            vertex.setInput(0, inputs.get()[i], workspaces);
            ((IOutputLayer) vertex.getLayer()).setLabels(data.getLabels(i));
            double regularization = i == 0 ? calcRegularizationScore(true) : 0;
            score += vertex.computeScore(regularization, false, workspaces);
            vertex.clear();
        }
        return score;
    }

    private boolean endsInLosses() {
        return getConfiguration().getNetworkOutputs().stream()
                .allMatch(
                        name ->
                                getVertex(name) instanceof LayerVertex vertex
                                        && vertex.getLayer() instanceof IOutputLayer);
    }

    private static INDArray[] copied(INDArray[] arrays, MemoryWorkspace workspace) {
        try (MemoryWorkspace ignored = workspace.notifyScopeBorrowed()) {
            return Arrays.stream(arrays).map(INDArray::dup).toArray(INDArray[]::new);
        }
    }

    /**
     * With the parameters as they are now, however they were changed. What it keeps outlives the
     * workspace in which DL4J evaluates a batch.
     */
    private FrozenGraph frozen(INDArray... features) {
        try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            if (lastParameters == null) {
                lastParameters = new LastParameters(flattenedParams);
                frozen = new FrozenGraph(this, getConfiguration().getNetworkOutputs());
                return frozen;
            }
            boolean sideBySide =
                    features.length > 0
                            && features[0] != null
                            && features[0].rank() > 0
                            && Workers.parts(features[0].size(0), OpenMp.threads()) > 1;
            if (lastParameters.haveChanged(sideBySide)) {
                frozen.refresh(this);
            }
            return frozen;
        }
    }

    /**
     * Forward passes with the parameters as they are now, safe to share between threads, for
     * whoever draws many samples: {@code output} looks at all parameters at every call, to see
     * whether they have changed.
     */
    public FrozenGraph freeze() {
        ComputationGraph copy = new ComputationGraph(getConfiguration().clone());
        copy.init(params().dup(), false);
        return new FrozenGraph(copy, getConfiguration().getNetworkOutputs());
    }

    @Override
    public FastGraph clone() {
        FastGraph copy = of(this, getConfiguration().clone(), params().dup());
        for (Layer layer : copy.getLayers()) {
            layer.setListeners(List.of()); // as DL4J's clones, by which EmaListener knows them
        }
        return copy;
    }
}
