package io.github.edm2.examples;

import io.github.edm2.models.metrics.Evaluation;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.stream.Stream;

/** {@code edm2 metrics gen}: draws images and scores them without writing them. */
final class MetricsGenCommand implements Command {

    private static final Setting<List<Long>> SEEDS =
            new Setting<>(
                    "seeds",
                    Kind.SEEDS,
                    "a seed per image",
                    false,
                    Seeds.parse("0-49999"),
                    "0-49999");

    @Override
    public String name() {
        return "metrics gen";
    }

    @Override
    public String summary() {
        return "Draw images and score them without writing them";
    }

    @Override
    public String details() {
        return MetricsTable.DETAILS
                + " Of a network with classes, also the share of images that a detector with as many"
                + " classes names as the class they were drawn of.";
    }

    @Override
    public List<Setting<?>> settings() {
        return Stream.concat(
                        Stream.of(
                                MetricsTable.REF,
                                MetricsTable.REAL,
                                Detectors.SETTING,
                                SEEDS,
                                MetricsTable.SEED),
                        Generator.SETTINGS.stream())
                .toList();
    }

    @Override
    public void run(Arguments arguments, PrintStream out) throws IOException {
        MetricsTable table = MetricsTable.of(arguments);
        ScoredImages.requireEnough(arguments.get(SEEDS).size());
        try (Detectors detectors = Detectors.open(arguments.get(Detectors.SETTING));
                Generator generator = Generator.of(arguments, out)) {
            if (!generator.givesPixels()) {
                throw new CommandException(
                        "metrics need pixels, but the network makes latents; give the autoencoder's --decoder");
            }
            List<Evaluation> evaluations =
                    detectors.list().stream()
                            .map(d -> new Evaluation(d, table.needsFeatures()))
                            .toList();
            generator.draw(
                    arguments.get(SEEDS),
                    out,
                    drawn ->
                            evaluations.forEach(
                                    e ->
                                            e.add(
                                                    drawn.images(),
                                                    drawn.classes(),
                                                    generator.classes())));
            table.print(detectors.list(), evaluations, arguments.get(Generator.BATCH), out);
        }
    }
}
