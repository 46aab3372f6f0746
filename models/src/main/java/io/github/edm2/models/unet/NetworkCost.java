package io.github.edm2.models.unet;

import io.github.edm2.layers.Resample;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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
     * @param parameters number of parameters
     * @param multiplyAdds of convolutions, linear layers and attention
     * @param elementwise other operations
     * @param channels channels out
     * @param resolution height and width out; 0 for a vector
     */
    public record Part(
            String name,
            long parameters,
            long multiplyAdds,
            long elementwise,
            int channels,
            int resolution) {}

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
        return multiplyAdds() + parts.stream().mapToLong(Part::elementwise).sum();
    }

    /** A table with a line per block, and the totals. */
    public String table() {
        Map<String, long[]> blocks = new LinkedHashMap<>();
        Map<String, Part> last = new LinkedHashMap<>();
        for (Part part : parts) {
            String block = part.name.matches("unet\\.(enc|dec)\\..*") ? block(part) : part.name;
            long[] sums = blocks.computeIfAbsent(block, b -> new long[2]);
            sums[0] += part.parameters;
            sums[1] += part.multiplyAdds + part.elementwise;
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
                String name, long parameters, long multiplyAdds, long elementwise, Tensor<Void> y) {
            parts.add(
                    new Part(
                            name,
                            parameters,
                            multiplyAdds,
                            elementwise,
                            y.channels(),
                            y.resolution()));
            return y;
        }

        /** A part of so many element-wise operations per output element. */
        private Tensor<Void> elementwise(String name, int operations, Tensor<Void> y) {
            return add(name, 0, 0, operations * elements(y), y);
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
            long weights = (long) out * x.channels() * kernel * kernel;
            return add(
                    name,
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
            return convolution(name, x, out, 1, learnedGain);
        }

        @Override
        public Tensor<Void> silu(String name, Tensor<Void> x) {
            return elementwise(name, 2, x); // silu, division
        }

        @Override
        public Tensor<Void> sum(String name, Tensor<Void> a, Tensor<Void> b, double t) {
            return elementwise(name, 2, a); // interpolation, division
        }

        @Override
        public Tensor<Void> concat(String name, Tensor<Void> a, Tensor<Void> b, double t) {
            return elementwise( // scaling, copy
                    name, 2, new Tensor<>(null, a.channels() + b.channels(), a.resolution()));
        }

        @Override
        public Tensor<Void> modulate(String name, Tensor<Void> x, Tensor<Void> c) {
            return elementwise(name, 1, x);
        }

        @Override
        public Tensor<Void> pixelNorm(String name, Tensor<Void> x) {
            return elementwise(name, 2, x); // norm, division
        }

        @Override
        public Tensor<Void> resample(
                String name, Tensor<Void> x, Resample.Direction direction, double[] filter) {
            boolean down = direction == Resample.Direction.DOWN;
            int resolution = down ? x.resolution() / 2 : x.resolution() * 2;
            int taps = filter.length * filter.length;
            return elementwise(
                    name,
                    down ? taps : Math.max(1, taps / 4),
                    new Tensor<>(null, x.channels(), resolution));
        }

        @Override
        public Tensor<Void> attention(String name, Tensor<Void> x, int heads) {
            Tensor<Void> y = new Tensor<>(null, x.channels() / 3, x.resolution());
            long pairs = pixels(x) * pixels(x);
            long normalization = 2 * elements(x);
            long softmax = heads * pairs;
            return add(name, 0, 2 * pairs * y.channels(), normalization + softmax, y);
        }

        @Override
        public Tensor<Void> clip(String name, Tensor<Void> x, double limit) {
            return elementwise(name, 1, x);
        }

        @Override
        public Tensor<Void> fourier(String name, Tensor<Void> x, int channels) {
            return elementwise(name, 4, new Tensor<>(null, channels, 0)); // cos, three products
        }

        @Override
        public Tensor<Void> withOnes(String name, Tensor<Void> x) {
            return elementwise(name, 1, new Tensor<>(null, x.channels() + 1, x.resolution()));
        }

        @Override
        public Tensor<Void> scaledInput(String name, Tensor<Void> x, Tensor<Void> sigma) {
            return elementwise(name, 1, x);
        }

        @Override
        public Tensor<Void> noiseCondition(String name, Tensor<Void> sigma) {
            return elementwise(name, 2, sigma);
        }

        @Override
        public Tensor<Void> denoised(
                String name, Tensor<Void> f, Tensor<Void> x, Tensor<Void> sigma) {
            return elementwise(name, 3, x);
        }

        @Override
        public void outputs(Tensor<Void> denoised, Tensor<Void> logVariance, Tensor<Void> sigma) {
            // Outputs cost nothing.
        }
    }
}
