package io.github.edm2.examples.cli;

import io.github.edm2.models.Count;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** {@code edm2 generate}: draws images from a trained network. */
final class GenerateCommand implements Command {

    private static final Setting<Path> OUTDIR =
            Setting.required(
                    "outdir", Kind.OUTPUT_FOLDER, "folder of the images; created if need be");
    private static final Setting<List<Long>> SEEDS =
            new Setting<>(
                    "seeds",
                    Kind.SEEDS,
                    "a seed per image",
                    false,
                    Seeds.parse("0-63"),
                    "0-63",
                    "");
    private static final Setting<Boolean> SUBDIRS =
            Setting.of(
                    "subdirs",
                    Kind.SWITCH,
                    false,
                    "give each thousand of seeds a folder of its own");

    @Override
    public String name() {
        return "generate";
    }

    @Override
    public String summary() {
        return "Draw images from a trained network";
    }

    @Override
    public String details() {
        return "One PNG file per seed, named after it; one NPY file where the network makes latents of an"
                + " autoencoder and there is no --decoder. A seed gives the same image in every batch. An unknown --preset lists all.";
    }

    @Override
    public List<Setting<?>> settings() {
        return Stream.concat(Stream.of(OUTDIR, SEEDS, SUBDIRS), Generator.SETTINGS.stream())
                .toList();
    }

    @Override
    public void run(Arguments arguments, PrintStream out) throws IOException {
        List<Long> seeds = arguments.get(SEEDS);
        GeneratedImages images = new GeneratedImages(arguments.get(OUTDIR), arguments.get(SUBDIRS));
        try (Generator generator = Generator.of(arguments, out)) {
            generator.draw(
                    seeds,
                    out,
                    drawn -> images.write(drawn.seeds(), drawn.images(), generator.givesPixels()));
        }
        out.printf(
                "wrote %s to %s%s%n",
                Count.images(seeds.size()),
                arguments.get(OUTDIR),
                images.replaced() == 0
                        ? ""
                        : ", in place of %s of the same seeds"
                                .formatted(Count.images(images.replaced())));
    }
}
