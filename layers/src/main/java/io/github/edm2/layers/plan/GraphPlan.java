package io.github.edm2.layers.plan;

import io.github.edm2.layers.plan.Topology.Node;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.exception.DL4JException;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.inputs.InvalidInputTypeException;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.SpaceToBatchLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.graph.vertex.impl.ElementWiseVertex;
import org.deeplearning4j.nn.graph.vertex.impl.FrozenVertex;
import org.deeplearning4j.nn.graph.vertex.impl.L2NormalizeVertex;
import org.deeplearning4j.nn.graph.vertex.impl.LayerVertex;
import org.deeplearning4j.nn.graph.vertex.impl.MergeVertex;
import org.deeplearning4j.nn.graph.vertex.impl.PreprocessorVertex;
import org.deeplearning4j.nn.graph.vertex.impl.ScaleVertex;
import org.deeplearning4j.nn.graph.vertex.impl.ShiftVertex;
import org.deeplearning4j.nn.graph.vertex.impl.SubsetVertex;
import org.deeplearning4j.nn.layers.FrozenLayer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The operations of a graph for inputs of certain shapes: a forward pass and, where it trains, in
 * reverse the gradients of its steps. Vertices that are not {@link Planned} run between as DL4J has
 * them.
 */
final class GraphPlan {

    /** Vertices of DL4J that give as many examples as they take. */
    private static final Set<Class<?>> KEEP_BATCH =
            Set.of(
                    ElementWiseVertex.class,
                    L2NormalizeVertex.class,
                    MergeVertex.class,
                    PreprocessorVertex.class,
                    ScaleVertex.class,
                    ShiftVertex.class,
                    SubsetVertex.class);

    private final Planner planner;
    private final List<Value> inputs = new ArrayList<>();
    private final List<Value> results = new ArrayList<>();
    private final List<Runnable> operations;
    private boolean foreign;

    /** Of the values that are known while the plan is made, by index of their vertices. */
    private final Map<Integer, Value> values = new HashMap<>();

    /** Of the run that is going on. */
    private INDArray[] labels;

    private double score;

    /** The graph that is trained; null where weights are constant. */
    private final ComputationGraph graph;

    /**
     * Plans the training of a graph.
     *
     * @param graph initialized, with an array of gradients
     * @param shapes of the inputs
     * @throws NotPlannedException if it cannot be planned
     */
    GraphPlan(ComputationGraph graph, long[]... shapes) {
        this.graph = graph;
        planner = new Planner(graph);
        plan(Topology.of(graph), shapes);
        planner.unwind();
        operations = compile(List.of());
    }

    /**
     * Plans forward passes with constant weights.
     *
     * @param constants the weights, shared by the plans of a graph
     * @param threads that will compute it
     * @param wanted names of vertices whose values are wanted
     * @param shapes of the inputs
     * @throws NotPlannedException if it cannot be planned
     */
    GraphPlan(
            Topology topology,
            Map<String, ?> constants,
            int threads,
            List<String> wanted,
            long[]... shapes) {
        graph = null;
        planner = new Planner(topology.type(), constants, threads);
        plan(topology, shapes);
        for (String name : wanted) {
            for (Node node : topology.nodes()) {
                if (node.name().equals(name)) {
                    results.add(values.get(node.index()).plain());
                }
            }
        }
        operations = compile(results.stream().map(Value::slot).toList());
    }

    private void plan(Topology topology, long[]... shapes) {
        if (!Planner.plans(topology.type())) {
            throw new NotPlannedException(topology.type() + " is not planned");
        }
        boolean any = false;
        for (Node node : topology.nodes()) {
            Value[] in = Arrays.stream(node.inputs()).mapToObj(values::get).toArray(Value[]::new);
            if (node.input() >= 0) {
                Value input = planner.input(shapes[node.input()]);
                inputs.add(input);
                set(node, input);
            } else if (planner.training() && node.output() >= 0) {
                output(node, in[0]);
            } else {
                any |= node.planned() != null;
                set(node, value(node, in));
            }
        }
        if (!any) {
            throw new NotPlannedException("no layer or vertex of the graph can be planned");
        }
    }

    private List<Runnable> compile(List<Slot> kept) {
        values.clear();
        return planner.compile(inputs.stream().map(Value::slot).toList(), kept);
    }

    private void set(Node node, Value value) {
        // A layer that changes nothing gives its input, which all others take, too.
        value.takers(
                values.containsValue(value) ? value.takers() - 1 + node.takers() : node.takers());
        values.put(node.index(), value);
    }

    private Value value(Node node, Value... in) {
        for (Value x : in) {
            if (x.batch() != in[0].batch()) {
                throw new NotPlannedException(
                        "\"%s\" has inputs of different batches".formatted(node.name()));
            }
        }
        InputType type = outputType(node, in);
        if (node.planned() != null) {
            try {
                return planned(node, in);
            } catch (NotPlannedException e) {
                if (node.vertex() == null) {
                    throw e;
                }
            }
        }
        return foreign(node, type, in);
    }

    private Value planned(Node node, Value... in) {
        if (!(node.planned() instanceof Layer layer)) {
            return node.planned().plan(planner, node.name(), in);
        }
        Value x = planner.dropped(preProcessed(node, in[0]), layer.getIDropout());
        return node.planned().plan(planner, node.name(), x);
    }

    /** The input of a layer, as DL4J's preprocessor makes it where there is one. */
    private Value preProcessed(Node node, Value x) {
        if (node.preProcessor() == null) {
            return x;
        }
        foreign = true;
        return Foreign.plan(
                planner,
                new ForeignPreProcessor(node.preProcessor(), (int) x.batch()),
                shape(x.batch(), node.preProcessor().getOutputType(Planner.type(x)), node),
                x.differentiable(),
                x);
    }

    private Value foreign(Node node, InputType type, Value... in) {
        GraphVertex vertex = node.vertex();
        foreign = true;
        Value[] inputsOfIt = in;
        Foreign part;
        if (vertex.hasLayer()) {
            if (node.configuration() instanceof org.deeplearning4j.nn.conf.graph.LayerVertex layer
                    && layer.getLayerConf().getLayer() instanceof SpaceToBatchLayer) {
                throw new NotPlannedException(
                        "\"%s\" changes the number of examples".formatted(node.name()));
            }
            inputsOfIt = new Value[] {preProcessed(node, in[0])};
            part = new ForeignLayer(vertex.getLayer(), planner.training());
        } else if (KEEP_BATCH.contains(vertex.getClass())) {
            part = new ForeignVertex(vertex, planner.training());
        } else {
            throw new NotPlannedException(
                    "\"%s\", a %s, is not known to keep the number of examples"
                            .formatted(node.name(), vertex.getClass().getSimpleName()));
        }
        boolean differentiable = planner.training() && vertex.numParams() > 0;
        for (Value x : in) {
            differentiable |= x.differentiable();
        }
        return Foreign.plan(
                planner,
                part,
                shape(in[0].batch(), type, node),
                differentiable && !stops(vertex),
                inputsOfIt);
    }

    /** Whether DL4J's backward pass ends here. */
    private static boolean stops(GraphVertex vertex) {
        return vertex instanceof FrozenVertex
                || vertex.hasLayer() && vertex.getLayer() instanceof FrozenLayer;
    }

    private static InputType outputType(Node node, Value... in) {
        InputType[] types = Arrays.stream(in).map(Planner::type).toArray(InputType[]::new);
        try {
            InputType type = node.configuration().getOutputType(node.index(), types);
            // LossLayer (M2.1) says that it gives vectors of 0 elements.
            return type instanceof InputType.InputTypeFeedForward vectors && vectors.getSize() == 0
                    ? types[0]
                    : type;
        } catch (IllegalStateException | InvalidInputTypeException | DL4JException e) {
            // Not the inputs that it was made for.
            throw new NotPlannedException(e.getMessage());
        }
    }

    private static long[] shape(long batch, InputType type, Node node) {
        if (type instanceof InputType.InputTypeFeedForward vectors) {
            return new long[] {batch, vectors.getSize()};
        }
        if (type instanceof InputType.InputTypeConvolutional images
                && images.getFormat() == CNN2DFormat.NCHW) {
            return new long[] {batch, images.getChannels(), images.getHeight(), images.getWidth()};
        }
        throw new NotPlannedException(
                "\"%s\" gives %s, neither images nor vectors".formatted(node.name(), type));
    }

    /** An output layer, where the gradients begin. */
    private void output(Node node, Value x) {
        if (!(node.vertex() instanceof LayerVertex vertex)
                || !(vertex.getLayer() instanceof IOutputLayer layer)
                || node.takers() > 0) {
            throw new NotPlannedException(
                    "output \"%s\" is no output layer".formatted(node.name()));
        }
        Slot input = planner.array(x);
        planner.add(
                List.of(input),
                List.of(),
                List.of(),
                false,
                () -> () -> vertex.setInput(0, input.array, ForeignVertex.WORKSPACES));
        planner.tape()
                .push(
                        () ->
                                Foreign.inputGradients(
                                        planner,
                                        List.of(input),
                                        List.of(),
                                        () -> backward(vertex, layer, node.output()),
                                        x));
    }

    private INDArray[] backward(LayerVertex vertex, IOutputLayer layer, int number) {
        layer.setLabels(labels[number]);
        INDArray[] gradients = vertex.doBackward(false, ForeignVertex.WORKSPACES).getSecond();
        double regularization = number == 0 ? graph.calcRegularizationScore(true) : 0;
        score += vertex.computeScore(regularization, true, ForeignVertex.WORKSPACES);
        return gradients;
    }

    /**
     * Computes the gradients of all parameters, summed over the batch, into the graph's.
     *
     * @param features the inputs, of the plan's shapes; not changed
     * @param targets labels of the output layers
     * @return the score, averaged over the batch
     */
    double train(INDArray[] features, INDArray... targets) {
        labels = targets;
        score = 0;
        run(features);
        labels = null;
        for (GraphVertex vertex : graph.getVertices()) {
            vertex.clear();
        }
        return score;
    }

    /**
     * Computes the wanted values.
     *
     * @param features the inputs, of the plan's shapes; not changed
     * @param outputs receive the values in DL4J's order
     */
    void output(INDArray[] features, INDArray... outputs) {
        run(features);
        for (int i = 0; i < outputs.length; i++) {
            Value result = results.get(i);
            outputs[i].assign(Planner.inOrderOfArrays(result.slot(), result.shape()));
            if (result.pending() != 1) {
                outputs[i].muli(result.pending());
            }
        }
    }

    private void run(INDArray... features) {
        for (int i = 0; i < inputs.size(); i++) {
            Value input = inputs.get(i);
            Planner.inOrderOfArrays(input.slot(), input.shape()).assign(features[i]);
        }
        operations.forEach(Runnable::run);
    }

    /** Shapes of the wanted values. */
    List<long[]> outputShapes() {
        return results.stream().map(Value::shape).toList();
    }

    /** Whether vertices of the graph run as DL4J has them, which hold arrays. */
    boolean runsForeignVertices() {
        return foreign;
    }
}
