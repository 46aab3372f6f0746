package io.github.edm2.ema;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.Model;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.Axpy;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Running averages of a model's weights, driven by a training loop: call {@link #update} after the
 * optimizer's step with the number of images seen so far. How often it is called does not change
 * the profile while the weights stand still between calls. Not for use from several threads.
 *
 * <p>An update is two in-place vector operations per profile and piece of the weights, and
 * allocates no arrays. ND4J has no interpolation in one; on 30 million weights these two take 25 to
 * 31 ms for two profiles, a matrix product with beta 160 to 310 ms, and a momentum updater used as
 * one 25 to 55 ms and a scratch vector. Pieces that stay in the processor's cache between the
 * operations save a quarter.
 */
public final class EmaTracker {

    /** Tracked by default: any other length can be reconstructed well from these two. */
    static final List<Double> DEFAULT_SIGMA_REL = List.of(0.05, 0.10);

    /** Elements of a piece: with shorter ones, calling takes longer than the cache saves. */
    private static final long PIECE = 1 << 20;

    private static final String IMAGE_COUNT = "imageCount";
    private static final String IMAGES_SEEN = "imagesSeen";

    private final Supplier<List<INDArray>> live;
    private final Map<EmaProfile, Weights> averages = new LinkedHashMap<>();
    private final List<INDArray> converted;
    private long imageCount;

    private EmaTracker(Weights model, Supplier<List<INDArray>> live, List<EmaProfile> profiles) {
        if (profiles.isEmpty()) {
            throw new IllegalArgumentException("at least one profile must be tracked");
        }
        this.live = live;
        for (EmaProfile profile : profiles) {
            if (averages.put(profile, model.zerosLike()) != null) {
                throw new IllegalArgumentException(profile.label() + " is tracked twice");
            }
        }
        List<INDArray> averaged = averages.get(profiles.get(0)).storage();
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
        for (int i = 0; i < weights.size(); i++) {
            INDArray x =
                    converted.isEmpty() ? weights.get(i) : converted.get(i).assign(weights.get(i));
            for (long begin = 0; begin < x.length(); begin += PIECE) {
                INDArray piece = piece(x, begin);
                for (Map.Entry<EmaProfile, Weights> average : averages.entrySet()) {
                    double beta = average.getKey().beta(images, images - imageCount);
                    update(piece(average.getValue().storage().get(i), begin), piece, beta);
                }
            }
        }
        imageCount = images;
    }

    private static INDArray piece(INDArray vector, long begin) {
        return vector.length() <= PIECE
                ? vector
                : vector.get(
                        NDArrayIndex.interval(begin, Math.min(begin + PIECE, vector.length())));
    }

    private static void update(INDArray average, INDArray weights, double beta) {
        if (beta == 0) {
            average.assign(weights);
        } else if (beta < 1) {
            average.muli(beta);
            Nd4j.getExecutioner().exec(new Axpy(weights, average, average, 1 - beta));
        }
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
     * @return the tracker's own arrays: later updates change them; float, or double for a model in
     *     double precision
     * @throws IllegalArgumentException if the profile is not tracked
     */
    public Weights average(EmaProfile profile) {
        Weights average = averages.get(profile);
        if (average == null) {
            throw new IllegalArgumentException(
                    profile.label() + " is not tracked; tracked are " + labels());
        }
        return average;
    }

    /**
     * One power-function average as it stands.
     *
     * @param sigmaRel a tracked relative standard deviation
     * @return the tracker's own arrays
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
                (profile, weights) -> {
                    if (profile instanceof PowerFunction power) {
                        store.add(power.sigmaRel(), imageCount, weights, type);
                    }
                });
    }

    /**
     * Saves the averages and the image count, so that {@link #restore} continues bit for bit.
     * Replaces the file atomically; a safetensors file.
     *
     * @param file the file
     * @throws SnapshotException if the file cannot be written; an existing one is then unchanged
     */
    public void save(Path file) {
        save(file, imageCount);
    }

    void save(Path file, long imagesSeen) {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        averages.forEach(
                (profile, weights) ->
                        weights.asMap()
                                .forEach((name, array) -> tensors.put(key(profile, name), array)));
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(IMAGE_COUNT, Long.toString(imageCount));
        metadata.put(IMAGES_SEEN, Long.toString(imagesSeen));
        Path temporary = file.resolveSibling("." + file.getFileName() + ".tmp");
        AtomicFile.write(
                temporary,
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
                (profile, weights) ->
                        weights.layout()
                                .shapes()
                                .forEach((name, shape) -> shapes.put(key(profile, name), shape)));
        ParameterLayout layout = new ParameterLayout(shapes);
        Weights saved = Weights.uninitialized(layout, type());
        long count;
        long imagesSeen;
        try (SafetensorsFile reader = new SafetensorsFile(file)) {
            saved.read(reader);
            count = reader.metadataCount(IMAGE_COUNT);
            imagesSeen = reader.metadataCount(IMAGES_SEEN);
        }
        averages.forEach(
                (profile, weights) ->
                        weights.asMap()
                                .forEach(
                                        (name, array) ->
                                                array.assign(saved.get(key(profile, name)))));
        imageCount = count;
        return imagesSeen;
    }

    private static String key(EmaProfile profile, String name) {
        return profile.label() + "/" + name;
    }

    /** Wide enough for every average, so that saving loses nothing. */
    private DataType type() {
        return averages.values().stream()
                .flatMap(w -> w.storage().stream())
                .map(INDArray::dataType)
                .filter(t -> t == DataType.DOUBLE)
                .findAny()
                .orElse(DataType.FLOAT);
    }

    private List<String> labels() {
        return averages.keySet().stream().map(EmaProfile::label).toList();
    }
}
