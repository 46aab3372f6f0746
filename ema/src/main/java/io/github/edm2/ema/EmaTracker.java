package io.github.edm2.ema;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.Model;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Running averages of a model's weights, driven by a training loop: call {@link #update} after the
 * optimizer's step with the number of images seen so far. How often it is called does not change
 * the profile while the weights stand still between calls. Not for use from several threads.
 *
 * <p>An update is one in-place vector operation per profile, and allocates no arrays.
 */
public final class EmaTracker {

    /** Tracked by default: any other length can be reconstructed well from these two. */
    static final List<Double> DEFAULT_SIGMA_REL = List.of(0.05, 0.10);

    private static final String IMAGE_COUNT = "imageCount";
    private static final String IMAGES_SEEN = "imagesSeen";
    private static final String FACTOR = "factor of ";

    private final Supplier<List<INDArray>> live;
    private final Map<EmaProfile, RunningAverage> averages = new LinkedHashMap<>();
    private final List<INDArray> converted;
    private long imageCount;

    private EmaTracker(Weights model, Supplier<List<INDArray>> live, List<EmaProfile> profiles) {
        if (profiles.isEmpty()) {
            throw new IllegalArgumentException("at least one profile must be tracked");
        }
        this.live = live;
        for (EmaProfile profile : profiles) {
            if (averages.put(profile, new RunningAverage(model.zerosLike())) != null) {
                throw new IllegalArgumentException(profile.label() + " is tracked twice");
            }
        }
        List<INDArray> averaged = averages.get(profiles.get(0)).sums().storage();
        boolean sameTypes =
                IntStream.range(0, averaged.size())
                        .allMatch(
                                i ->
                                        averaged.get(i).dataType()
                                                == model.storage().get(i).dataType());
        converted = sameTypes ? List.of() : model.zerosLike().storage();
    }

    /**
     * Tracks averages of a {@code ComputationGraph} or {@code MultiLayerNetwork}.
     *
     * @param model an initialized model
     * @param profiles what to track, all different
     * @return a tracker that has seen 0 images
     * @throws IllegalArgumentException if there are no profiles, repeated ones, or no parameters
     */
    public static EmaTracker of(Model model, EmaProfile... profiles) {
        return new EmaTracker(
                Weights.of(model), () -> List.of(Weights.flat(model)), List.of(profiles));
    }

    /**
     * Tracks power-function averages of a {@code ComputationGraph} or {@code MultiLayerNetwork}.
     *
     * @param model an initialized model
     * @param sigmaRel relative standard deviations, each in (0, 0.289); 0.05 and 0.10 reconstruct
     *     all others well
     * @return a tracker that has seen 0 images
     * @throws IllegalArgumentException if a sigmaRel is out of range or repeated
     */
    public static EmaTracker of(Model model, double... sigmaRel) {
        return of(model, powerFunctions(sigmaRel));
    }

    /**
     * Tracks averages of a SameDiff graph's trainable variables.
     *
     * @param graph a graph whose variables have arrays
     * @param profiles what to track, all different
     * @return a tracker that has seen 0 images
     * @throws IllegalArgumentException if there are no profiles, repeated ones, or no variables
     */
    public static EmaTracker of(SameDiff graph, EmaProfile... profiles) {
        return new EmaTracker(
                Weights.of(graph), () -> Weights.of(graph).storage(), List.of(profiles));
    }

    static EmaProfile[] powerFunctions(double... sigmaRel) {
        return Arrays.stream(sigmaRel).mapToObj(PowerFunction::new).toArray(EmaProfile[]::new);
    }

    /**
     * Brings all averages up to date with the model's present weights.
     *
     * @param images images seen since the start of the training; the first update starts the
     *     averages with the present weights
     * @throws IllegalArgumentException if {@code images} is not positive or before the last update
     */
    public void update(long images) {
        update(images, live.get());
    }

    void update(long images, List<INDArray> weights) {
        if (images <= 0 || images < imageCount) {
            throw new IllegalArgumentException(
                    String.format(
                            "image count must be positive and not before the last update's %d,"
                                    + " got %d",
                            imageCount, images));
        }
        for (int i = 0; i < converted.size(); i++) {
            converted.get(i).assign(weights.get(i));
        }
        List<INDArray> added = converted.isEmpty() ? weights : converted;
        averages.forEach(
                (profile, average) ->
                        average.add(added, profile.beta(images, images - imageCount)));
        imageCount = images;
    }

    /**
     * Time of the last update.
     *
     * @return images seen since the start of the training, 0 before the first update
     */
    public long imageCount() {
        return imageCount;
    }

    /**
     * What is tracked.
     *
     * @return the profiles in the order given
     */
    public List<EmaProfile> profiles() {
        return List.copyOf(averages.keySet());
    }

    /**
     * One average as it stands.
     *
     * @param profile a tracked profile
     * @return new arrays, which later updates do not reach; float, or double for a model in double
     *     precision
     * @throws IllegalArgumentException if the profile is not tracked
     */
    public Weights average(EmaProfile profile) {
        RunningAverage average = averages.get(profile);
        if (average == null) {
            throw untracked(profile, averages.keySet());
        }
        return average.value();
    }

    /**
     * One power-function average as it stands.
     *
     * @param sigmaRel a tracked relative standard deviation
     * @return new arrays, which later updates do not reach
     * @throws IllegalArgumentException if it is not tracked
     */
    public Weights average(double sigmaRel) {
        return average(new PowerFunction(sigmaRel));
    }

    /**
     * Stores a snapshot of every power-function average at the present image count. (Averages of
     * another profile cannot be reconstructed from, and are not stored.)
     *
     * @param store the store
     * @param type {@link DataType#FLOAT} or {@link DataType#FLOAT16}
     * @throws SnapshotException if a snapshot cannot be written
     */
    public void addTo(SnapshotStore store, DataType type) {
        averages.forEach(
                (profile, average) -> {
                    if (profile instanceof PowerFunction power) {
                        Weights value = average.value();
                        store.add(power.sigmaRel(), imageCount, value, type);
                        value.storage().forEach(INDArray::close);
                    }
                });
    }

    /**
     * Saves the averages and the image count, so that {@link #restore} continues bit for bit.
     * Replaces the file atomically; a safetensors file, whose tensors make up an average when
     * multiplied by the factor that its header has for the profile.
     *
     * @param file the file
     * @throws SnapshotException if the file cannot be written; an existing one is then unchanged
     */
    public void save(Path file) {
        save(file, imageCount);
    }

    void save(Path file, long imagesSeen) {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        averages.forEach(
                (profile, average) -> {
                    average.sums()
                            .asMap()
                            .forEach((name, array) -> tensors.put(key(profile, name), array));
                    metadata.put(FACTOR + profile.label(), Double.toString(average.factor()));
                });
        metadata.put(IMAGE_COUNT, Long.toString(imageCount));
        metadata.put(IMAGES_SEEN, Long.toString(imagesSeen));
        AtomicFile.write(
                AtomicFile.temporary(file),
                written -> file,
                channel -> SafetensorsWriter.write(channel, tensors, type(), metadata));
    }

    /**
     * Continues from a saved state.
     *
     * @param file what {@link #save} wrote, for the same network and profiles
     * @throws SnapshotException if the file is damaged or belongs to another network or other
     *     profiles; the tracker is then unchanged
     */
    public void restore(Path file) {
        restoreImagesSeen(file);
    }

    long restoreImagesSeen(Path file) {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        averages.forEach(
                (profile, average) ->
                        average.sums()
                                .layout()
                                .shapes()
                                .forEach((name, shape) -> shapes.put(key(profile, name), shape)));
        ParameterLayout layout = new ParameterLayout(shapes);
        Weights saved = Weights.uninitialized(layout, type());
        Map<EmaProfile, Double> factors = new LinkedHashMap<>();
        long count;
        long imagesSeen;
        try (SafetensorsFile reader = new SafetensorsFile(file)) {
            saved.read(reader);
            count = reader.metadataCount(IMAGE_COUNT);
            imagesSeen = reader.metadataCount(IMAGES_SEEN);
            averages.keySet()
                    .forEach(p -> factors.put(p, reader.metadataNumber(FACTOR + p.label())));
        }
        averages.forEach(
                (profile, average) ->
                        average.restore(
                                name -> saved.get(key(profile, name)), factors.get(profile)));
        imageCount = count;
        return imagesSeen;
    }

    private static String key(EmaProfile profile, String name) {
        return profile.label() + "/" + name;
    }

    /** Wide enough for every average, so that saving loses nothing. */
    private DataType type() {
        return averages.values().stream()
                .flatMap(average -> average.sums().storage().stream())
                .map(INDArray::dataType)
                .filter(t -> t == DataType.DOUBLE)
                .findAny()
                .orElse(DataType.FLOAT);
    }

    static IllegalArgumentException untracked(EmaProfile wanted, Collection<EmaProfile> tracked) {
        return new IllegalArgumentException(
                wanted.label()
                        + " is not tracked; tracked are "
                        + tracked.stream().map(EmaProfile::label).toList());
    }
}
