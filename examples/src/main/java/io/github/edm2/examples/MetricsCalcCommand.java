package io.github.edm2.examples;

import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.metrics.Evaluation;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;

/** {@code edm2 metrics calc}: how close images are to real ones. */
final class MetricsCalcCommand implements Command {

    private static final Setting<Path> DATA =
            Setting.required(
                    "data", Kind.FILE, "images to score: folder or zip of PNG files, or IDX files");
    private static final Setting<Boolean> LABELS =
            Setting.of(
                    "labels",
                    Kind.SWITCH,
                    false,
                    "use the labels of --data for the share of images that a detector names right");

    @Override
    public String name() {
        return "metrics calc";
    }

    @Override
    public String summary() {
        return "Score images against real ones";
    }

    @Override
    public String details() {
        return MetricsTable.DETAILS;
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(
                DATA,
                MetricsTable.REF,
                MetricsTable.REAL,
                Detectors.SETTING,
                LABELS,
                ScoredImages.BATCH,
                MetricsTable.SEED);
    }

    @Override
    public void run(Arguments arguments, PrintStream out) throws IOException {
        MetricsTable table = MetricsTable.of(arguments);
        try (ImageDataset dataset = ImageDataset.open(arguments.get(DATA), arguments.get(LABELS));
                Detectors detectors = Detectors.open(arguments.get(Detectors.SETTING))) {
            List<Evaluation> evaluations =
                    ScoredImages.evaluate(
                            dataset,
                            detectors.list(),
                            arguments.get(ScoredImages.BATCH),
                            table.needsFeatures(),
                            out);
            table.print(detectors.list(), evaluations, arguments.get(ScoredImages.BATCH), out);
        }
    }
}
