package io.github.edm2.examples;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.ema.PowerFunction;
import io.github.edm2.ema.ReconstructedWeights;
import io.github.edm2.ema.SnapshotStore;
import io.github.edm2.models.checkpoint.NetworkFile;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import me.tongfei.progressbar.ProgressBar;

/** {@code edm2 phema}: reconstructs averages of any length from a training's snapshots. */
final class PhemaCommand implements Command {

    private static final long KIMG = 1000;

    private static final Setting<Path> INDIR =
            Setting.required(
                    "indir", Kind.FILE, "folder of a training run, or its snapshots folder");
    private static final Setting<Path> OUTDIR =
            Setting.required(
                    "outdir", Kind.FILE, "folder of the network files; created if need be");
    private static final Setting<List<Double>> OUTSTD =
            Setting.required(
                    "outstd",
                    Kind.LENGTHS,
                    "wanted EMA lengths (sigma_rel) such as 0.05,0.10; \"...\" goes on with the step before it: 0.010,0.015,...,0.250");
    private static final Setting<Double> OUTKIMG =
            Setting.derived(
                    "outkimg",
                    Kind.NUMBER,
                    "that of the latest snapshot",
                    "moment of the training that the averages stand for, in thousands of images");
    private static final Setting<Integer> BATCH =
            Setting.of(
                    "batch",
                    Kind.SMALL_COUNT,
                    8,
                    "averages in memory at a time; the snapshots are read once for each batch");
    private static final Setting<Boolean> SKIP =
            Setting.of("skip", Kind.SWITCH, false, "leave out what exists in the output folder");

    @Override
    public String name() {
        return "phema";
    }

    @Override
    public String summary() {
        return "Reconstruct averages of any EMA length from a training's snapshots";
    }

    @Override
    public String details() {
        return "Writes a network file per EMA length, phema-KIMG-STD.zip, and a table with the error of each"
                + " average's profile (0 is perfect, 0.01 good) as the snapshots let one predict it.";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(INDIR, OUTDIR, OUTSTD, OUTKIMG, BATCH, SKIP);
    }

    @Override
    public void run(Arguments arguments, PrintStream out) throws IOException {
        List<Double> wanted = arguments.get(OUTSTD);
        wanted.forEach(PowerFunction::new); // checks the range before anything is read
        Path run = runFolder(arguments.get(INDIR));
        SnapshotStore store = SnapshotStore.open(run.resolve(TrainingRun.SNAPSHOTS));
        if (store.snapshots().isEmpty()) {
            throw new CommandException(
                    "there are no snapshots in %s yet".formatted(arguments.get(INDIR)));
        }
        Double kimg = arguments.get(OUTKIMG);
        long images = kimg == null ? store.lastImageCount() : Math.round(kimg * KIMG);
        Path outdir = arguments.get(OUTDIR);
        List<Double> missing = new ArrayList<>();
        for (double sigmaRel : wanted) {
            if (!arguments.get(SKIP) || !Files.exists(file(outdir, images, sigmaRel))) {
                missing.add(sigmaRel);
            }
        }
        out.printf("%,d of %,d averages are wanted anew%n", missing.size(), wanted.size());
        if (!missing.isEmpty()) {
            NetworkFile network = NetworkFile.read(run.resolve(TrainingRun.NETWORK), false);
            List<String> table =
                    reconstruct(store, images, missing, arguments.get(BATCH), network, outdir, out);
            out.printf("%-32s %9s %10s  %s%n", "file", "sigma_rel", "error", "note");
            table.forEach(out::println);
        }
    }

    private static List<String> reconstruct(
            SnapshotStore store,
            long images,
            List<Double> wanted,
            int batch,
            NetworkFile network,
            Path outdir,
            PrintStream out)
            throws IOException {
        List<String> table = new ArrayList<>();
        try (ProgressBar bar = Progress.start("phema", "networks", 1, 0, wanted.size(), out)) {
            for (int from = 0; from < wanted.size(); from += batch) {
                double[] part =
                        wanted.subList(from, Math.min(from + batch, wanted.size())).stream()
                                .mapToDouble(Double::doubleValue)
                                .toArray();
                for (ReconstructedWeights average : store.reconstructAt(images, part).averages()) {
                    average.applyTo(network.graph());
                    Path file = file(outdir, images, average.sigmaRel());
                    Files.createDirectories(outdir);
                    AtomicFile.write(file, stream -> network.write(stream, false));
                    table.add(
                            "%-32s %9s %10.2e  %s"
                                    .formatted(
                                            file.getFileName(),
                                            EmaLengths.format(average.sigmaRel()),
                                            average.predictedError(),
                                            average.note().orElse("")));
                    bar.step();
                }
            }
        }
        return table;
    }

    /** The run that a folder is, or is the snapshots of. */
    private static Path runFolder(Path indir) {
        Path folder = indir.toAbsolutePath().normalize();
        if (!Files.isDirectory(folder)) {
            throw new CommandException("there is no folder " + indir);
        }
        boolean isSnapshots = folder.endsWith(TrainingRun.SNAPSHOTS);
        return isSnapshots && !Files.isDirectory(folder.resolve(TrainingRun.SNAPSHOTS))
                ? folder.getParent()
                : folder;
    }

    /** The name has thousands of images, with decimals only where these are not whole. */
    private static Path file(Path outdir, long images, double sigmaRel) {
        String rest = images % KIMG == 0 ? "" : ".%03d".formatted(images % KIMG);
        return outdir.resolve(
                "phema-%07d%s-%s.zip".formatted(images / KIMG, rest, EmaLengths.format(sigmaRel)));
    }
}
