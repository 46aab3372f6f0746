package io.github.edm2.ema;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.deeplearning4j.nn.api.Model;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The named parameter arrays of a network: the live ones of a model ({@link #of(Model)}), or a set
 * of averages. The arrays are views of a few storage vectors, on which averaging works: one for a
 * DL4J model, one per variable for a SameDiff graph, a few for a reconstruction. In storage order,
 * each vector is filled by the arrays that follow one another.
 *
 * <p>For one thread at a time, while the model whose arrays they are does not train.
 */
public final class Weights {

    private final List<INDArray> storage;
    private final Map<String, INDArray> named;

    private Weights(List<INDArray> storage, Map<String, INDArray> named) {
        this.storage = List.copyOf(storage);
        this.named = Collections.unmodifiableMap(named);
    }

    /**
     * The live parameters of a {@code ComputationGraph} or {@code MultiLayerNetwork}; changing them
     * changes the model.
     *
     * @param model an initialized model
     * @return views of the model's flat parameter vector, named as in {@link Model#paramTable()}
     * @throws IllegalArgumentException if the model has no parameters, or keeps some of them
     *     outside its parameter table
     */
    public static Weights of(Model model) {
        INDArray flat = flat(model);
        List<Map.Entry<String, INDArray>> entries = new ArrayList<>(model.paramTable().entrySet());
        // The table may list a vertex's parameters elsewhere than the flat vector does.
        entries.sort(Comparator.comparingLong(e -> e.getValue().offset()));
        Map<String, INDArray> named = new LinkedHashMap<>();
        long next = flat.offset();
        for (Map.Entry<String, INDArray> entry : entries) {
            if (entry.getValue().offset() != next) {
                break;
            }
            next += entry.getValue().length();
            named.put(entry.getKey(), entry.getValue());
        }
        if (next - flat.offset() != flat.length() || named.size() != entries.size()) {
            throw new IllegalArgumentException(
                    String.format(
                            "paramTable() must cover the model's %d parameters without gaps, but"
                                    + " covers only %d; name every parameter of a custom layer in"
                                    + " its paramTable()",
                            flat.length(), next - flat.offset()));
        }
        return new Weights(List.of(flat), named);
    }

    /** The flat parameter vector of a DL4J model, itself and not a copy. */
    static INDArray flat(Model model) {
        INDArray flat = model.params();
        if (flat == null || flat.length() == 0) {
            throw new IllegalArgumentException(
                    "the model has no parameters; call init() before averaging its weights");
        }
        return flat;
    }

    /**
     * The live trainable variables of a SameDiff graph; changing them changes the graph.
     *
     * @param graph a graph whose variables have arrays
     * @return one array per variable of type {@code VARIABLE}, by name
     * @throws IllegalArgumentException if the graph has no trainable variables
     */
    public static Weights of(SameDiff graph) {
        Map<String, INDArray> named = new LinkedHashMap<>();
        List<INDArray> storage = new ArrayList<>();
        for (SDVariable variable : graph.variables()) {
            if (variable.getVariableType() == VariableType.VARIABLE) {
                INDArray array = variable.getArr();
                named.put(variable.name(), array);
                storage.add(array.reshape(array.ordering(), true, new long[] {array.length()}));
            }
        }
        if (named.isEmpty()) {
            throw new IllegalArgumentException("the SameDiff graph has no trainable variables");
        }
        return new Weights(storage, named);
    }

    /** One flat row-major vector, of whatever was in memory before. */
    static Weights uninitialized(ParameterLayout layout, DataType type) {
        INDArray flat = outsideWorkspaces(() -> Nd4j.createUninitialized(type, layout.length()));
        Map<String, INDArray> named = new LinkedHashMap<>();
        long offset = 0;
        for (Map.Entry<String, List<Long>> parameter : layout.shapes().entrySet()) {
            long[] shape = parameter.getValue().stream().mapToLong(Long::longValue).toArray();
            named.put(parameter.getKey(), view(flat, offset, 'c', shape));
            offset += ParameterLayout.elements(parameter.getValue());
        }
        return new Weights(List.of(flat), named);
    }

    /** The parameters of all parts, which keep their storage. */
    static Weights joined(List<Weights> parts) {
        List<INDArray> storage = parts.stream().flatMap(p -> p.storage.stream()).toList();
        Map<String, INDArray> named = new LinkedHashMap<>();
        parts.forEach(part -> named.putAll(part.named));
        return new Weights(storage, named);
    }

    /** Zeros with the same storage as these, so that averaging can pair the storage vectors. */
    Weights zerosLike() {
        List<INDArray> zeros = new ArrayList<>(storage.size());
        for (INDArray vector : storage) {
            DataType type = averageType(vector.dataType());
            zeros.add(outsideWorkspaces(() -> Nd4j.create(type, vector.length())));
        }
        Map<String, INDArray> views = new LinkedHashMap<>();
        int home = 0;
        long offset = 0;
        for (Map.Entry<String, INDArray> parameter : named.entrySet()) {
            if (offset == zeros.get(home).length()) {
                home++;
                offset = 0;
            }
            INDArray array = parameter.getValue();
            views.put(
                    parameter.getKey(),
                    view(zeros.get(home), offset, array.ordering(), array.shape()));
            offset += array.length();
        }
        return new Weights(zeros, views);
    }

    /** Half-precision weights are averaged in float: the smallest updates would vanish in half. */
    private static DataType averageType(DataType weights) {
        return weights == DataType.DOUBLE ? DataType.DOUBLE : DataType.FLOAT;
    }

    /** Makes arrays that outlive any workspace that the caller has open. */
    static <T> T outsideWorkspaces(Supplier<T> arrays) {
        MemoryWorkspace scope = Nd4j.getMemoryManager().scopeOutOfWorkspaces();
        try {
            return arrays.get();
        } finally {
            scope.close();
        }
    }

    private static INDArray view(INDArray flat, long offset, char order, long[] shape) {
        long length = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        return flat.get(NDArrayIndex.interval(offset, offset + length)).reshape(order, true, shape);
    }

    /**
     * Names of the parameters.
     *
     * @return names in the order of storage
     */
    public Set<String> names() {
        return named.keySet();
    }

    /**
     * One parameter.
     *
     * @param name its name, for example {@code dense_W}
     * @return the array itself, not a copy
     * @throws IllegalArgumentException if there is no such parameter
     */
    public INDArray get(String name) {
        INDArray array = named.get(name);
        if (array == null) {
            throw new IllegalArgumentException(
                    "no parameter " + name + "; there are " + named.keySet());
        }
        return array;
    }

    /**
     * All parameters.
     *
     * @return unmodifiable map of the arrays themselves, in the order of storage
     */
    public Map<String, INDArray> asMap() {
        return named;
    }

    /**
     * Copies these weights into a model of the same parameter names and shapes, converting the data
     * type.
     *
     * @param model the model to change
     * @throws IllegalArgumentException if the model's parameters differ in name or shape; the model
     *     is then unchanged
     */
    public void applyTo(Model model) {
        of(model).assign(this);
    }

    /**
     * Copies these weights into a SameDiff graph of the same trainable variables, converting the
     * data type.
     *
     * @param graph the graph to change
     * @throws IllegalArgumentException if the variables differ in name or shape; the graph is then
     *     unchanged
     */
    public void applyTo(SameDiff graph) {
        of(graph).assign(this);
    }

    /**
     * Fills these weights from a file, converting the data type.
     *
     * @param file with tensors of the same names and shapes, and no others
     * @throws SnapshotException if they differ or the file cannot be read
     */
    public void read(SafetensorsFile file) {
        file.requireLayout(layout());
        named.forEach(file::read);
    }

    /**
     * A copy that later changes do not reach.
     *
     * @return the same weights in new arrays; float, or double where these are double
     */
    public Weights copy() {
        Weights copy = zerosLike();
        copy.assign(this);
        return copy;
    }

    /** Copies the other weights into these by name. */
    void assign(Weights other) {
        if (!shapes().equals(other.shapes())) {
            String difference = other.layout().differenceFrom(layout()).orElseThrow();
            throw new IllegalArgumentException(
                    "these weights belong to another network: " + difference);
        }
        named.forEach((name, array) -> array.assign(other.named.get(name)));
    }

    ParameterLayout layout() {
        return new ParameterLayout(shapes());
    }

    private Map<String, List<Long>> shapes() {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        named.forEach(
                (name, array) -> shapes.put(name, Arrays.stream(array.shape()).boxed().toList()));
        return shapes;
    }

    List<INDArray> storage() {
        return storage;
    }

    /** Copy of the storage, element for element, in the weights' own data type. */
    List<INDArray> copyOfStorage() {
        return outsideWorkspaces(() -> storage.stream().map(INDArray::dup).toList());
    }
}
