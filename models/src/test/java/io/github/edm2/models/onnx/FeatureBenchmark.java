package io.github.edm2.models.onnx;

import io.github.edm2.models.checkpoint.ModelFiles;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.metrics.Evaluation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * How fast features of a dataset's images are computed, against what of it is ONNX Runtime's own
 * work and what decoding the images takes. Printed by {@code tests/benchmark/features} as a
 * Markdown table; all in turn, medians.
 */
final class FeatureBenchmark {

    private static final int BATCH = 16;
    private static final int RUNS = 5;

    private FeatureBenchmark() {}

    /**
     * @param arguments detector as for {@link OnnxDetector#open}, dataset
     */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 2) {
            throw new IllegalArgumentException("arguments must be a detector and a dataset");
        }
        int threads = Runtime.getRuntime().availableProcessors();
        try (OnnxDetector detector =
                        OnnxDetector.open(arguments[0], ModelFiles.standard(null), threads);
                ImageDataset dataset = ImageDataset.open(Path.of(arguments[1]), false)) {
            INDArray pixels =
                    dataset.pixelBatch(
                            IntStream.range(0, Math.min(BATCH, dataset.count())).toArray());
            INDArray prepared = detector.prepared(pixels);
            int images = dataset.count();
            List<Row> rows =
                    List.of(
                            new Row("decoding alone", images, () -> decode(dataset)),
                            new Row(
                                    "resizing and scaling alone",
                                    (int) pixels.size(0),
                                    () -> detector.prepared(pixels)),
                            new Row(
                                    "ONNX Runtime alone",
                                    (int) pixels.size(0),
                                    () -> detector.model().run(prepared)),
                            new Row(
                                    "statistics of the dataset",
                                    images,
                                    () ->
                                            Evaluation.of(
                                                    dataset,
                                                    List.of(detector),
                                                    BATCH,
                                                    false,
                                                    done -> {})));
            print(rows, measured(rows), images);
        }
    }

    private record Row(String name, int images, Supplier<?> work) {

        double imagesPerSecond() {
            long start = System.nanoTime();
            work.get();
            return images * 1e9 / (System.nanoTime() - start);
        }
    }

    private static Object decode(ImageDataset dataset) {
        INDArray last = null;
        for (int from = 0; from < dataset.count(); from += BATCH) {
            int to = Math.min(from + BATCH, dataset.count());
            last = dataset.pixelBatch(IntStream.range(from, to).toArray());
        }
        return last;
    }

    /** By run and row; a first run warms up. */
    private static double[][] measured(List<Row> rows) {
        double[][] rates = new double[RUNS][rows.size()];
        for (int run = -1; run < RUNS; run++) {
            for (int i = 0; i < rows.size(); i++) {
                double rate = rows.get(i).imagesPerSecond();
                if (run >= 0) {
                    rates[run][i] = rate;
                }
            }
        }
        return rates;
    }

    private static void print(List<Row> rows, double[][] rates, int images) {
        int whole = rows.size() - 1;
        System.out.printf("%,d images, batch %d%n%n", images, BATCH);
        System.out.println("| | images per second | whole / this |");
        System.out.println("|---|---|---|");
        for (int i = 0; i < rows.size(); i++) {
            int row = i;
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %.1f | %.3f |%n",
                    rows.get(i).name,
                    median(rates, run -> run[row]),
                    median(rates, run -> run[whole] / run[row]));
        }
    }

    private static double median(double[][] rates, ToDoubleFunction<double[]> of) {
        return Arrays.stream(rates).mapToDouble(of).sorted().toArray()[RUNS / 2];
    }
}
