package io.github.edm2.models.unet;

import io.github.edm2.layers.plan.Cost;
import io.github.edm2.layers.plan.Planned;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;

/**
 * Parameters and multiply-adds of a network, part by part, for one image, as its layers and
 * vertices say; no parameters are allocated, so that the largest networks can be summed up on any
 * machine. Element-wise operations count one per output element and operation, and three per weight
 * for its normalization, as in the paper's table.
 */
public final class NetworkCost {

    /**
     * The cost of one part.
     *
     * @param name name of the vertex
     * @param operation kind of layer or vertex, with its kernel where it has one
     * @param parameters number of parameters
     * @param multiplyAdds of convolutions, linear layers and attention
     * @param elementwise other operations
     * @param channels channels out
     * @param resolution height and width out; 0 for a vector
     */
    public record Part(
            String name,
            String operation,
            long parameters,
            long multiplyAdds,
            long elementwise,
            int channels,
            int resolution) {

        long operations() {
            return multiplyAdds + elementwise;
        }

        long elements() {
            return channels * (resolution == 0 ? 1 : (long) resolution * resolution);
        }
    }

    private final List<Part> parts;

    private NetworkCost(List<Part> parts) {
        this.parts = List.copyOf(parts);
    }

    /** Sums up a network. */
    public static NetworkCost of(NetworkOptions options) {
        return of(
                GraphAssembler.assemble(
                                options.validate(),
                                new NeuralNetConfiguration.Builder().graphBuilder(),
                                0)
                        .build(),
                GraphAssembler.inputTypes(options));
    }

    /**
     * Sums up a graph. Layers that are not of this library count with their parameters only.
     *
     * @param inputTypes one for each input of the graph, in their order
     */
    public static NetworkCost of(ComputationGraphConfiguration graph, InputType... inputTypes) {
        Map<String, InputType> types = graph.getLayerActivationTypes(false, false, inputTypes);
        List<Part> parts = new ArrayList<>();
        graph.getVertices()
                .forEach(
                        (name, vertex) -> {
                            InputType[] inputs =
                                    graph.getVertexInputs().get(name).stream()
                                            .map(types::get)
                                            .toArray(InputType[]::new);
                            Part part = part(name, vertex, types.get(name), inputs);
                            if (part.parameters > 0 || part.operations() > 0) {
                                parts.add(part);
                            }
                        });
        return new NetworkCost(parts);
    }

    private static Part part(
            String name, GraphVertex vertex, InputType output, InputType... inputs) {
        Object configuration =
                vertex instanceof LayerVertex layer ? layer.getLayerConf().getLayer() : vertex;
        Planned planned = configuration instanceof Planned known ? known : null;
        Cost cost = planned == null ? new Cost(0, 0) : planned.cost(output, inputs);
        long pixels = Cost.pixels(output);
        return new Part(
                name,
                planned == null
                        ? configuration.getClass().getSimpleName()
                        : planned.operationName(),
                vertex.numParams(false),
                cost.multiplyAdds(),
                cost.elementwise(),
                (int) (output.arrayElementsPerExample() / pixels),
                output instanceof InputType.InputTypeConvolutional images
                        ? (int) images.getHeight()
                        : 0);
    }

    /** The parts in order of assembly. */
    public List<Part> parts() {
        return parts;
    }

    /** Number of parameters of the whole network. */
    public long parameters() {
        return parts.stream().mapToLong(Part::parameters).sum();
    }

    /** Multiply-adds of convolutions, linear layers and attention, per image. */
    public long multiplyAdds() {
        return parts.stream().mapToLong(Part::multiplyAdds).sum();
    }

    /** Multiply-adds and element-wise operations, per image. */
    public long operations() {
        return cost(parts);
    }

    /** Elements that all parts give for one image. */
    public long elements() {
        return parts.stream().mapToLong(Part::elements).sum();
    }

    /** A table with a line per block, and the totals. */
    public String table() {
        Map<String, long[]> blocks = new LinkedHashMap<>();
        Map<String, Part> last = new LinkedHashMap<>();
        for (Part part : parts) {
            String block = part.name.matches("unet\\.(enc|dec)\\..*") ? block(part) : part.name;
            long[] sums = blocks.computeIfAbsent(block, b -> new long[2]);
            sums[0] += part.parameters;
            sums[1] += part.operations();
            last.put(block, part);
        }
        StringBuilder table = new StringBuilder();
        table.append("%-28s %14s %12s  %s%n".formatted("part", "parameters", "Gflops", "output"));
        blocks.forEach(
                (block, sums) -> {
                    Part part = last.get(block);
                    String shape =
                            part.resolution == 0
                                    ? "%d".formatted(part.channels)
                                    : "%d x %d x %d"
                                            .formatted(
                                                    part.channels,
                                                    part.resolution,
                                                    part.resolution);
                    table.append(
                            "%-28s %,14d %12.3f  %s%n"
                                    .formatted(block, sums[0], sums[1] / 1e9, shape));
                });
        table.append(
                "%-28s %,14d %12.3f  (%.3f in convolutions, linear layers and attention)%n"
                        .formatted(
                                "total", parameters(), operations() / 1e9, multiplyAdds() / 1e9));
        return table.toString();
    }

    /**
     * A table with a line per operation, the dearest first: how often the network runs it, its
     * parameters, its multiply-adds and other operations for one image, and its share of them.
     */
    public String operationTable() {
        Map<String, List<Part>> operations =
                parts.stream().collect(Collectors.groupingBy(Part::operation));
        StringBuilder table = new StringBuilder();
        table.append(
                "%-20s %6s %14s %12s %7s%n"
                        .formatted("operation", "calls", "parameters", "Gflops", "share"));
        operations.entrySet().stream()
                .sorted(
                        Comparator.comparingLong(
                                        (Map.Entry<String, List<Part>> e) -> -cost(e.getValue()))
                                .thenComparing(Map.Entry.comparingByKey()))
                .forEach(e -> table.append(line(e.getKey(), e.getValue())));
        return table.append(line("total", parts)).toString();
    }

    private String line(String name, List<Part> parts) {
        long cost = cost(parts);
        return "%-20s %,6d %,14d %12.6f %5.1f %%%n"
                .formatted(
                        name,
                        parts.size(),
                        parts.stream().mapToLong(Part::parameters).sum(),
                        cost / 1e9,
                        100. * cost / operations());
    }

    private static long cost(List<Part> parts) {
        return parts.stream().mapToLong(Part::operations).sum();
    }

    private static String block(Part part) {
        String[] names = part.name.split("\\.");
        return String.join(".", names[0], names[1], names[2]);
    }
}
