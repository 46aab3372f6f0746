package io.github.edm2.examples.cli;

import io.github.edm2.models.Count;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.metrics.Evaluation;
import io.github.edm2.models.metrics.FeatureStatistics;
import io.github.edm2.models.metrics.StatisticsFile;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code edm2 metrics ref}: statistics of real images, to compare others with. */
final class MetricsRefCommand implements Command {

    private static final Setting<Path> DATA =
            Setting.required(
                    "data", Kind.FILE, "real images: folder or zip of PNG files, or IDX files");
    private static final Setting<Path> DEST =
            Setting.required(
                    "dest",
                    Kind.OUTPUT_FILE,
                    "file to write, replaced if it exists; its name ends with .npz");

    private static final Setting<Long> SEED =
            Setting.of("seed", Kind.SEED, 0L, "of the subset of --num");

    @Override
    public String name() {
        return "metrics ref";
    }

    @Override
    public String summary() {
        return "Compute the statistics of real images that metrics compare with";
    }

    @Override
    public String details() {
        return "The file holds the number of images and the mean and covariance of their features, readable by"
                + " NumPy, for each detector.";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(DATA, DEST, Detectors.SETTING, Subset.NUM, SEED, ScoredImages.BATCH);
    }

    @Override
    public void run(Arguments arguments, PrintStream out) throws IOException {
        Path dest = arguments.get(DEST);
        if (!dest.toString().endsWith(".npz")) {
            throw new UsageException("--dest must end with .npz, got \"" + dest + "\"");
        }
        try (ImageDataset dataset = ImageDataset.open(arguments.get(DATA), false);
                Detectors detectors = Detectors.open(arguments.get(Detectors.SETTING))) {
            int[] subset =
                    Subset.of(dataset.count(), arguments.get(Subset.NUM), arguments.get(SEED));
            List<Evaluation> evaluations =
                    ScoredImages.evaluate(
                            dataset,
                            subset,
                            detectors.list(),
                            arguments.get(ScoredImages.BATCH),
                            false,
                            out);
            Map<String, FeatureStatistics> statistics = new LinkedHashMap<>();
            for (int i = 0; i < evaluations.size(); i++) {
                statistics.put(detectors.list().get(i).name(), evaluations.get(i).statistics());
            }
            Files.createDirectories(dest.toAbsolutePath().getParent());
            StatisticsFile.write(dest, statistics);
            detectors.list().stream()
                    .flatMap(d -> FewImages.warnings(subset.length, d.dimensions()).stream())
                    .distinct()
                    .forEach(warning -> out.println("warning: " + warning));
            out.printf("wrote statistics of %s to %s%n", Count.images(subset.length), dest);
        }
    }
}
