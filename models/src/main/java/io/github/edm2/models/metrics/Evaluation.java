package io.github.edm2.models.metrics;

import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.data.LoadAhead;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What a detector finds in a set of images that comes in batches.
 *
 * <p>For one thread at a time.
 */
public final class Evaluation {

    private final Detector detector;
    private final boolean keepsFeatures;
    private final FeatureAccumulator accumulator;
    private final List<INDArray> features = new ArrayList<>();
    private long labelled;
    private long right;

    /**
     * @param detector not closed by the evaluation
     * @param keepsFeatures whether {@link #features} is wanted, besides the statistics
     */
    public Evaluation(Detector detector, boolean keepsFeatures) {
        this.detector = detector;
        this.keepsFeatures = keepsFeatures;
        accumulator = new FeatureAccumulator(detector.dimensions());
    }

    /**
     * Evaluates all images of a dataset. While the detectors look at a batch, another thread reads
     * and decodes the next.
     *
     * @param dataset of pixels; with labels, images are judged by them
     * @param detectors not closed
     * @param batch images in memory at a time, twice
     * @param keepsFeatures as for {@link #Evaluation}
     * @param progress called after each batch with the number of images so far
     * @return one per detector, in their order
     * @throws io.github.edm2.models.data.DatasetException if an image is damaged, or the dataset
     *     holds latents
     */
    public static List<Evaluation> of(
            ImageDataset dataset,
            List<Detector> detectors,
            int batch,
            boolean keepsFeatures,
            IntConsumer progress) {
        int[] all = IntStream.range(0, dataset.count()).toArray();
        return of(dataset, all, detectors, batch, keepsFeatures, progress);
    }

    /**
     * Evaluates some images of a dataset, as the other method does all.
     *
     * @param dataset of pixels; with labels, images are judged by them
     * @param indices which images, each 0 to {@code dataset.count() - 1}
     * @param detectors not closed
     * @param batch images in memory at a time, twice
     * @param keepsFeatures as for {@link #Evaluation}
     * @param progress called after each batch with the number of images so far
     * @return one per detector, in their order
     * @throws io.github.edm2.models.data.DatasetException if an image is damaged, or the dataset
     *     holds latents
     */
    public static List<Evaluation> of(
            ImageDataset dataset,
            int[] indices,
            List<Detector> detectors,
            int batch,
            boolean keepsFeatures,
            IntConsumer progress) {
        List<Evaluation> evaluations =
                detectors.stream().map(d -> new Evaluation(d, keepsFeatures)).toList();
        Iterator<int[]> parts = parts(indices, batch).iterator();
        try (LoadAhead<Labelled> batches =
                new LoadAhead<>(parts::hasNext, () -> Labelled.read(dataset, parts.next()))) {
            int done = 0;
            while (batches.hasNext()) {
                Labelled read = batches.next();
                evaluations.forEach(e -> e.add(read.images, read.labels, dataset.classes()));
                done += (int) read.images.size(0);
                progress.accept(done);
            }
        }
        return evaluations;
    }

    /** Images and, if they are known, their labels. */
    private record Labelled(INDArray images, int[] labels) {

        static Labelled read(ImageDataset dataset, int[] indices) {
            return new Labelled(
                    dataset.pixelBatch(indices),
                    dataset.isConditional() && !dataset.hasLabelVectors()
                            ? IntStream.of(indices).map(dataset::label).toArray()
                            : null);
        }
    }

    /** All indices in their order. */
    private static Stream<int[]> parts(int[] indices, int batch) {
        return IntStream.iterate(0, from -> from < indices.length, from -> from + batch)
                .mapToObj(
                        from ->
                                Arrays.copyOfRange(
                                        indices, from, Math.min(from + batch, indices.length)));
    }

    /**
     * Adds images.
     *
     * @param images as for {@link Detector#findings}
     */
    public void add(INDArray images) {
        add(images, null, 0);
    }

    /**
     * Adds images of known classes; a detector of another number of classes does not judge them.
     *
     * @param images as for {@link Detector#findings}
     * @param labels 0 to classes - 1, one per image; null if unknown
     * @param classes number of classes
     */
    public void add(INDArray images, int[] labels, int classes) {
        Detector.Findings findings = detector.findings(images);
        accumulator.add(findings.features());
        if (keepsFeatures) {
            features.add(findings.features());
        }
        if (labels != null && findings.logits() != null && findings.logits().size(1) == classes) {
            INDArray expected = Nd4j.createFromArray(labels).castTo(DataType.INT64);
            INDArray named = findings.logits().argMax(1);
            right += named.eq(expected).castTo(DataType.INT64).sumNumber().longValue();
            labelled += labels.length;
        }
    }

    /** Number of images. */
    public long count() {
        return accumulator.count();
    }

    /**
     * Statistics of all features.
     *
     * @throws IllegalStateException after fewer than 2 images
     */
    public FeatureStatistics statistics() {
        return accumulator.statistics();
    }

    /**
     * All features, FLOAT [images, dimensions].
     *
     * @throws IllegalStateException if they were not to be kept
     */
    public INDArray features() {
        if (!keepsFeatures) {
            throw new IllegalStateException("this evaluation keeps no features");
        }
        return Nd4j.vstack(features);
    }

    /** Share of the labelled images to which the detector gives their class. */
    public OptionalDouble accuracy() {
        return labelled == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of((double) right / labelled);
    }
}
