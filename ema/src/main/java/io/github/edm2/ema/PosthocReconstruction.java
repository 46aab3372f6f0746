package io.github.edm2.ema;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/**
 * Reconstructs averages of any length from stored ones, whatever the format of their files (Karras
 * et al., arXiv:2312.02696, section 3.2, Algorithm 3).
 */
public final class PosthocReconstruction {

    private final Map<String, List<Long>> parameters;
    private final List<StoredAverage> stored;
    private final LongConsumer progress;

    /**
     * @param parameters shapes of the tensors to average, by name; files may hold more
     * @param stored the stored averages
     * @param progress told how many elements of tensors were added, piece by piece
     */
    public PosthocReconstruction(
            Map<String, List<Long>> parameters, List<StoredAverage> stored, LongConsumer progress) {
        this.parameters = parameters;
        this.stored = List.copyOf(stored);
        this.progress = progress;
    }

    /** Elements of tensors that a reconstruction at this time adds, for {@code progress}. */
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
        if (sigmaRel.length == 0 || Arrays.stream(sigmaRel).distinct().count() < sigmaRel.length) {
            throw new IllegalArgumentException(
                    "give at least one sigmaRel and none twice, got " + Arrays.toString(sigmaRel));
        }
        long last = stored.stream().mapToLong(s -> s.at().imageCount()).max().orElse(0);
        if (imageCount > last) {
            throw new IllegalArgumentException(
                    "the latest stored average is at %d images, got a target at %d"
                            .formatted(last, imageCount));
        }
        List<ProfileAt> targets =
                Arrays.stream(sigmaRel)
                        .mapToObj(s -> new ProfileAt(new PowerFunction(s), imageCount))
                        .toList();
        List<StoredAverage> used = used(imageCount);
        List<PosthocCoefficients> solutions =
                PosthocCoefficients.solve(used.stream().map(StoredAverage::at).toList(), targets);
        double[][] coefficients =
                solutions.stream()
                        .map(s -> IntStream.range(0, s.count()).mapToDouble(s::get).toArray())
                        .toArray(double[][]::new);
        WeightedSums sums =
                WeightedSums.of(new ParameterLayout(parameters), used, coefficients, progress);
        List<ReconstructedWeights> averages = new ArrayList<>();
        for (int i = 0; i < targets.size(); i++) {
            averages.add(
                    new ReconstructedWeights(
                            targets.get(i),
                            sums.get(i),
                            solutions.get(i).predictedError(),
                            solutions.get(i).largestMagnitude(),
                            sums.anyHalf()));
        }
        return new Reconstruction(imageCount, averages);
    }

    private List<StoredAverage> used(long imageCount) {
        return stored.stream().filter(s -> s.at().imageCount() <= imageCount).toList();
    }
}
