package io.github.edm2.models.unet;

import io.github.edm2.layers.Resample;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Parameters and multiply-adds of a network, part by part, for one image; nothing is allocated, so
 * that the largest networks can be summed up on any machine. Element-wise operations count one per
 * output element and operation, and three per weight for its normalization, as in the paper's
 * table.
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
        Counter counter = new Counter(options.validate());
        new Network<>(options, counter).assemble();
        return new NetworkCost(counter.parts);
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

    /** Per weight: norm, division, gain. */
    private static final long WEIGHT_NORMALIZATION = 3;

    /** Counts instead of building; a value is nothing but its shape. */
    private static final class Counter implements Assembler<Void> {

        private final NetworkOptions options;
        private final List<Part> parts = new ArrayList<>();

        Counter(NetworkOptions options) {
            this.options = options;
        }

        private Tensor<Void> add(
                String name,
                String operation,
                long parameters,
                long multiplyAdds,
                long elementwise,
                Tensor<Void> y) {
            parts.add(
                    new Part(
                            name,
                            operation,
                            parameters,
                            multiplyAdds,
                            elementwise,
                            y.channels(),
                            y.resolution()));
            return y;
        }

        /** A part of so many element-wise operations per output element. */
        private Tensor<Void> elementwise(
                String name, String operation, int operations, Tensor<Void> y) {
            return add(name, operation, 0, 0, operations * elements(y), y);
        }

        private static long elements(Tensor<Void> x) {
            return x.channels() * pixels(x);
        }

        private static long pixels(Tensor<Void> x) {
            return x.resolution() == 0 ? 1 : (long) x.resolution() * x.resolution();
        }

        @Override
        public Tensor<Void> image() {
            return new Tensor<>(null, options.getImgChannels(), options.getImgResolution());
        }

        @Override
        public Tensor<Void> sigma() {
            return new Tensor<>(null, 1, 0);
        }

        @Override
        public Tensor<Void> label() {
            return new Tensor<>(null, options.getLabelDim(), 0);
        }

        @Override
        public Tensor<Void> convolution(
                String name, Tensor<Void> x, int out, int kernel, boolean learnedGain) {
            String operation = "MpConvolution %1$dx%1$d".formatted(kernel);
            return weighted(name, operation, x, out, kernel * kernel, learnedGain);
        }

        /** A product of every pixel's patch of so many taps with a weight. */
        private Tensor<Void> weighted(
                String name,
                String operation,
                Tensor<Void> x,
                int out,
                int taps,
                boolean learnedGain) {
            long weights = (long) out * x.channels() * taps;
            return add(
                    name,
                    operation,
                    weights + (learnedGain ? 1 : 0),
                    weights * pixels(x),
                    WEIGHT_NORMALIZATION * weights,
                    new Tensor<>(null, out, x.resolution()));
        }

        @Override
        public Tensor<Void> convolutionOfDropout(
                String name, Tensor<Void> x, int out, int kernel, double dropout) {
            return convolution(name, x, out, kernel, false);
        }

        @Override
        public Tensor<Void> linear(
                String name, Tensor<Void> x, int out, double gain, boolean learnedGain) {
            return weighted(name, "MpLinear", x, out, 1, learnedGain);
        }

        @Override
        public Tensor<Void> silu(String name, Tensor<Void> x) {
            return elementwise(name, "MpSiluLayer", 2, x); // silu, division
        }

        @Override
        public Tensor<Void> sum(String name, Tensor<Void> a, Tensor<Void> b, double t) {
            return elementwise(name, "MpSum", 2, a); // interpolation, division
        }

        @Override
        public Tensor<Void> concat(String name, Tensor<Void> a, Tensor<Void> b, double t) {
            return elementwise( // scaling, copy
                    name,
                    "MpConcat",
                    2,
                    new Tensor<>(null, a.channels() + b.channels(), a.resolution()));
        }

        @Override
        public Tensor<Void> modulate(String name, Tensor<Void> x, Tensor<Void> c) {
            return elementwise(name, "Modulation", 1, x);
        }

        @Override
        public Tensor<Void> pixelNorm(String name, Tensor<Void> x) {
            return elementwise(name, "PixelNorm", 2, x); // norm, division
        }

        @Override
        public Tensor<Void> resample(
                String name, Tensor<Void> x, Resample.Direction direction, double[] filter) {
            boolean down = direction == Resample.Direction.DOWN;
            int resolution = down ? x.resolution() / 2 : x.resolution() * 2;
            int taps = filter.length * filter.length;
            return elementwise(
                    name,
                    down ? "Resample down" : "Resample up",
                    down ? taps : Math.max(1, taps / 4),
                    new Tensor<>(null, x.channels(), resolution));
        }

        @Override
        public Tensor<Void> attention(String name, Tensor<Void> x, int heads) {
            Tensor<Void> y = new Tensor<>(null, x.channels() / 3, x.resolution());
            long pairs = pixels(x) * pixels(x);
            long normalization = 2 * elements(x);
            long softmax = heads * pairs;
            return add(
                    name,
                    "CosineAttention",
                    0,
                    2 * pairs * y.channels(),
                    normalization + softmax,
                    y);
        }

        @Override
        public Tensor<Void> clip(String name, Tensor<Void> x, double limit) {
            return elementwise(name, "Clip", 1, x);
        }

        @Override
        public Tensor<Void> fourier(String name, Tensor<Void> x, int channels) {
            return elementwise(
                    name, "MpFourier", 4, new Tensor<>(null, channels, 0)); // cos, three products
        }

        @Override
        public Tensor<Void> withOnes(String name, Tensor<Void> x) {
            return elementwise(
                    name, "OnesChannel", 1, new Tensor<>(null, x.channels() + 1, x.resolution()));
        }

        @Override
        public Tensor<Void> scaledInput(String name, Tensor<Void> x, Tensor<Void> sigma) {
            return elementwise(name, "ScaledInput", 1, x);
        }

        @Override
        public Tensor<Void> noiseCondition(String name, Tensor<Void> sigma) {
            return elementwise(name, "NoiseCondition", 2, sigma);
        }

        @Override
        public Tensor<Void> denoised(
                String name, Tensor<Void> f, Tensor<Void> x, Tensor<Void> sigma) {
            return elementwise(name, "Denoised", 3, x);
        }

        @Override
        public void outputs(Tensor<Void> denoised, Tensor<Void> logVariance, Tensor<Void> sigma) {
            // Outputs cost nothing.
        }
    }
}
