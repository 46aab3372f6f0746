package io.github.edm2.layers.plan;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.dropout.IDropout;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.random.impl.DropOutInverted;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Makes the plan of a graph: its layers and vertices add their operations here, each as {@link
 * Planned} says.
 */
public final class Planner {

    /** Layers at run time, by name; null where weights are constant. */
    private final Function<String, Layer> layers;

    private final boolean gradients;
    private final DataType type;
    private final Map<String, ?> constants;
    private final int threads;
    private final Map<String, Object> local = new HashMap<>();
    private final OperationPlan plan;
    private final Tape tape;
    private long scratchLength = 1;
    private INDArray scratch;
    private boolean evaluating;
    private INDArray gradientArray;

    /**
     * Plans training.
     *
     * @param graph whose parameters and gradients the operations read and write
     */
    Planner(ComputationGraph graph) {
        this(
                graph::getLayer,
                true,
                graph.getConfiguration().getDataType(),
                Map.of(),
                OpenMp.threads());
    }

    /**
     * Plans a layer alone.
     *
     * @param layer whose parameters and gradients the operations read and write; null for none
     * @param gradients whether there is a backward pass
     */
    Planner(Layer layer, DataType type, boolean gradients) {
        this(name -> layer, gradients, type, Map.of(), OpenMp.threads());
    }

    /**
     * Plans forward passes.
     *
     * @param constants the weights, by names of their layers
     * @param threads that will compute the plan
     */
    Planner(DataType type, Map<String, ?> constants, int threads) {
        this(null, false, type, constants, threads);
    }

    private Planner(
            Function<String, Layer> layers,
            boolean gradients,
            DataType type,
            Map<String, ?> constants,
            int threads) {
        this.layers = layers;
        this.gradients = gradients;
        this.type = type;
        this.constants = constants;
        this.threads = threads;
        plan = new OperationPlan(type);
        tape = new Tape(plan);
    }

    /** Whether graphs of a data type are planned. */
    public static boolean plans(DataType type) {
        return type == DataType.FLOAT || type == DataType.DOUBLE;
    }

    /** Whether weights may change between runs; they are constant otherwise. */
    public boolean training() {
        return layers != null;
    }

    /**
     * Whether a run is none of training: stored weights are not normalized then. Asked at every
     * run.
     */
    public boolean evaluating() {
        return evaluating;
    }

    /** See {@link #evaluating}. */
    void evaluate(boolean evaluate) {
        evaluating = evaluate;
    }

    /** Number of the operations so far. */
    int steps() {
        return plan.steps();
    }

    /** Number of threads that will compute the plan. */
    public int threads() {
        return threads;
    }

    /** The constant weight of a layer; as it was given by whoever froze the graph. */
    public Object constant(String layer) {
        return constants.get(layer);
    }

    /** An array that operations of this plan share; made where it is not there yet. */
    @SuppressWarnings("unchecked") // a name always stands for the same
    public <T> T local(String name, Supplier<T> maker) {
        return (T) local.computeIfAbsent(name, key -> maker.get());
    }

    /** Data type of the graph's parameters, in which everything is computed. */
    public DataType type() {
        return type;
    }

    /** A layer at run time. */
    public Layer layer(String name) {
        return layers.apply(name);
    }

    /** The gradients of a layer, by the names of its parameters; empty if none are wanted. */
    public Map<String, INDArray> gradients(String name) {
        if (!gradients) {
            return Map.of();
        }
        Layer layer = layer(name);
        INDArray views = layer.getGradientsViewArray();
        gradientArray = views == null ? Nd4j.create(type, layer.numParams()) : views;
        return layer.conf()
                .getLayer()
                .initializer()
                .getGradientsFromFlattened(layer.conf(), gradientArray);
    }

    /** Where the gradients of the layer that asked last go; null if none has parameters. */
    INDArray gradientArray() {
        return gradientArray;
    }

    /** What records the gradients. */
    public Tape tape() {
        return tape;
    }

    /** See {@link OperationPlan#add}. */
    public void add(
            List<Slot> inputs,
            List<Slot> temporaries,
            List<Slot> outputs,
            boolean inPlace,
            Supplier<Runnable> operation) {
        plan.add(inputs, temporaries, outputs, inPlace, operation);
    }

    /** Adds an operation from one value to another array. */
    public void add(Slot from, Slot to, Supplier<Runnable> operation) {
        add(List.of(from), List.of(), List.of(to), false, operation);
    }

    /** Asks for {@link #scratch} of at least so many numbers. */
    public void needScratch(long length) {
        scratchLength = Math.max(scratchLength, length);
    }

    /** Scratch memory, used by one operation at a time; there once operations are made. */
    public INDArray scratch() {
        return scratch;
    }

    /** An output in the shape of an input. */
    public Value like(Value x, Slot y, double pending) {
        return new Value(y, x.shape(), training() && x.differentiable(), pending);
    }

    /** [batch, height, width, channels], a view. */
    public static INDArray images(Slot slot, long[] shape) {
        return slot.array().reshape('c', shape[0], shape[2], shape[3], slot.shape()[1]);
    }

    /** [batch, pixels, channels], a view. */
    public static INDArray pixels(Slot slot, long batch) {
        return slot.array().reshape('c', batch, slot.shape()[0] / batch, slot.shape()[1]);
    }

    /** Some channels of rows, a view. */
    public static INDArray columns(Slot slot, long from, long to) {
        return slot.array().get(NDArrayIndex.all(), NDArrayIndex.interval(from, to));
    }

    /** DL4J's type of a value. */
    static InputType type(Value value) {
        long[] shape = value.shape();
        return value.isImages()
                ? InputType.convolutional(shape[2], shape[3], shape[1])
                : InputType.feedForward(shape[1]);
    }

    /** A network's input, set before each run. */
    Value input(long[] shape) {
        if (shape.length != 2 && shape.length != 4) {
            throw new NotPlannedException(
                    "an input of shape %s is neither images nor vectors"
                            .formatted(Arrays.toString(shape)));
        }
        return new Value(rows(shape), shape, false, 1);
    }

    /** A slot of the numbers of a value of this shape. */
    static Slot rows(long... shape) {
        return shape.length == 4
                ? new Slot(shape[0] * shape[2] * shape[3], shape[1])
                : new Slot(shape);
    }

    /** A value after DL4J's dropout, whose mask is drawn at every run. */
    Value dropped(Value x, IDropout dropout) {
        if (!training() || dropout == null) {
            return x;
        }
        if (!(dropout instanceof Dropout inverted) || inverted.getPSchedule() != null) {
            throw new NotPlannedException("dropout is planned with a constant probability only");
        }
        Value in = x.plain();
        Slot drawn = new Slot(in.shape());
        Slot mask = in.isImages() ? new Slot(in.slot().shape()) : drawn;
        Slot y = new Slot(in.slot().shape());
        plan.add(
                List.of(in.slot()),
                in.isImages() ? List.of(drawn) : List.of(),
                List.of(y, mask),
                false,
                () -> {
                    // In DL4J's order, so that the same seed gives the same mask as DL4J's layers.
                    DropOutInverted draw =
                            new DropOutInverted(drawn.array, drawn.array, inverted.getP());
                    return Prepared.sequence(
                            () -> drawn.array.assign(1),
                            () -> Nd4j.getExecutioner().exec(draw, Nd4j.getRandom()),
                            () -> toRows(drawn, mask, in.shape()),
                            Prepared.multiply(in.slot().array, mask.array, y.array));
                });
        Value dropped = like(in, y, in.pending());
        tape.push(
                dropped,
                in,
                1,
                List.of(mask),
                List.of(),
                true,
                (g, dx) -> Prepared.multiply(g.array, mask.array, dx.array));
        return dropped;
    }

    private static void toRows(Slot array, Slot rows, long... shape) {
        if (array != rows) {
            inOrderOfArrays(rows, shape).assign(array.array);
        }
    }

    /** A value as numbers that are to be multiplied by nothing more. */
    public Value whole(Value value) {
        Value x = value.plain();
        if (x.pending() == 1) {
            return x;
        }
        Slot y = new Slot(x.slot().shape());
        plan.add(
                List.of(x.slot()),
                List.of(),
                List.of(y),
                true,
                () -> Prepared.multiply(x.slot().array(), x.pending(), y.array()));
        Value whole = like(x, y, 1);
        if (whole.differentiable()) {
            tape.push(
                    () -> tape.accumulate(x, whole.gradientOrFail(), whole.factor() * x.pending()));
        }
        return whole;
    }

    /** A copy of the numbers of a value in DL4J's order, with all factors, for whoever keeps it. */
    Slot array(Value value) {
        Value x = value.plain();
        Slot y = new Slot(x.shape());
        add(x.slot(), y, () -> () -> toArray(x, y));
        return y;
    }

    private static void toArray(Value x, Slot y) {
        y.array.assign(inOrderOfArrays(x.slot(), x.shape()));
        if (x.pending() != 1) {
            y.array.muli(x.pending());
        }
    }

    /** Rows as a view in DL4J's order. */
    static INDArray inOrderOfArrays(Slot rows, long[] shape) {
        return shape.length == 4 ? images(rows, shape).permute(0, 3, 1, 2) : rows.array;
    }

    /** Puts the gradients behind the forward steps. */
    void unwind() {
        tape.unwind();
    }

    /** Makes the operations; see {@link OperationPlan#compile}. */
    List<Runnable> compile(List<Slot> given, List<Slot> results) {
        scratch = Nd4j.createUninitialized(type(), scratchLength);
        return plan.compile(given, results);
    }
}
