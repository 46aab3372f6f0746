package io.github.edm2.ema;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/**
 * Reconstructs averages of any length from stored ones, whatever the format of their files (Karras
 * et al., arXiv:2312.02696, section 3.2, Algorithm 3).
 *
 * <p>For one thread at a time.
 */
public final class PosthocReconstruction {

    private final Map<String, List<Long>> parameters;
    private final List<StoredAverage> stored;
    private final LongConsumer progress;

    /**
     * @param parameters shapes of the tensors to average, by name; files may hold more
     * @param stored the stored averages
     * @param progress told how many elements of tensors were added, piece by piece, one call at a
     *     time, from any thread
     */
    public PosthocReconstruction(
            Map<String, List<Long>> parameters, List<StoredAverage> stored, LongConsumer progress) {
        this.parameters = parameters;
        this.stored = List.copyOf(stored);
        this.progress = progress;
    }

    /**
     * Elements of tensors that a reconstruction at this time adds, for {@code progress}.
     *
     * @param imageCount as for {@link #at}
     * @throws IllegalArgumentException if the moment is outside the stored ones
     */
    public long work(long imageCount) {
        return used(imageCount).size() * new ParameterLayout(parameters).length();
    }

    /**
     * Reconstructs averages as they would have stood at some moment of the training, from those
     * stored up to that moment. Reads every file once, whatever the number of averages, and keeps
     * one float network per average in memory.
     *
     * @param imageCount the moment, in images, between the first and the latest stored average
     * @param sigmaRel wanted relative standard deviations, all different, each in (0, 0.289)
     * @return the averages with their predicted errors
     * @throws IllegalArgumentException if the moment is outside the stored ones or a sigmaRel is
     *     wrong or repeated
     * @throws SnapshotException if a file is missing, damaged or of another network
     */
    public Reconstruction at(long imageCount, double... sigmaRel) {
        List<Coefficients> solved = solve(imageCount, sigmaRel);
        ParameterLayout layout = new ParameterLayout(parameters);
        List<WeightsSink> sums = WeightsSink.of(layout, solved.size());
        List<ReconstructedProfile> profiles;
        try {
            profiles = sum(imageCount, solved, List.copyOf(sums));
        } catch (IOException e) {
            throw new IllegalStateException("memory takes what it is given", e);
        } finally {
            sums.forEach(WeightsSink::stop);
        }
        return new Reconstruction(
                imageCount,
                IntStream.range(0, sums.size())
                        .mapToObj(
                                i ->
                                        new ReconstructedWeights(
                                                profiles.get(i), sums.get(i).weights()))
                        .toList());
    }

    /**
     * Reconstructs averages like {@link #at}, but hands them on piece by piece instead of keeping
     * them, so that memory does not depend on the size of the network or the number of averages.
     *
     * @param imageCount as for {@link #at}
     * @param sigmaRel as for {@link #at}
     * @param sinks one for each sigmaRel, in its order; each takes the tensors in the order of the
     *     shapes that this reconstruction was made with
     * @return what is known of the averages, in the order of sigmaRel
     * @throws IllegalArgumentException as for {@link #at}, or if there are more or fewer sinks;
     *     they have got nothing then
     * @throws SnapshotException if a file is missing, damaged or of another network; the sinks may
     *     have got a part then
     * @throws IOException if a sink throws it
     */
    public List<ReconstructedProfile> stream(
            long imageCount, double[] sigmaRel, List<? extends WeightSink> sinks)
            throws IOException {
        if (sinks.size() != sigmaRel.length) {
            throw new IllegalArgumentException(
                    "give one sink for each of the %d values of sigmaRel, got %d"
                            .formatted(sigmaRel.length, sinks.size()));
        }
        return sum(imageCount, solve(imageCount, sigmaRel), List.copyOf(sinks));
    }

    /** A target and how it is made of the averages that are used for it. */
    private record Coefficients(ProfileAt target, PosthocCoefficients solution) {}

    private List<Coefficients> solve(long imageCount, double[] sigmaRel) {
        if (sigmaRel.length == 0 || Arrays.stream(sigmaRel).distinct().count() < sigmaRel.length) {
            throw new IllegalArgumentException(
                    "give at least one sigmaRel and none twice, got " + Arrays.toString(sigmaRel));
        }
        List<ProfileAt> targets =
                Arrays.stream(sigmaRel)
                        .mapToObj(s -> new ProfileAt(new PowerFunction(s), imageCount))
                        .toList();
        List<PosthocCoefficients> solutions =
                PosthocCoefficients.solve(
                        used(imageCount).stream().map(StoredAverage::at).toList(), targets);
        return IntStream.range(0, sigmaRel.length)
                .mapToObj(i -> new Coefficients(targets.get(i), solutions.get(i)))
                .toList();
    }

    private List<ReconstructedProfile> sum(
            long imageCount, List<Coefficients> solved, List<WeightSink> sinks) throws IOException {
        double[][] factors =
                solved.stream()
                        .map(Coefficients::solution)
                        .map(s -> IntStream.range(0, s.count()).mapToDouble(s::get).toArray())
                        .toArray(double[][]::new);
        boolean half =
                new WeightedSums(new ParameterLayout(parameters), sinks, progress)
                        .add(used(imageCount), factors);
        return solved.stream()
                .map(
                        c ->
                                new ReconstructedProfile(
                                        c.target,
                                        c.solution.predictedError(),
                                        c.solution.largestMagnitude(),
                                        half))
                .toList();
    }

    private List<StoredAverage> used(long imageCount) {
        long last = stored.stream().mapToLong(s -> s.at().imageCount()).max().orElse(0);
        List<StoredAverage> used =
                stored.stream().filter(s -> s.at().imageCount() <= imageCount).toList();
        if (imageCount > last || used.isEmpty()) {
            long first = stored.stream().mapToLong(s -> s.at().imageCount()).min().orElse(0);
            throw new IllegalArgumentException(
                    "the stored averages are from %d to %d images, got a target at %d"
                            .formatted(first, last, imageCount));
        }
        return used;
    }
}
