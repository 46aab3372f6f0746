package io.github.edm2.examples.cli;

import io.github.edm2.ema.PosthocReconstruction;
import io.github.edm2.ema.ReconstructedProfile;
import io.github.edm2.ema.SnapshotException;
import io.github.edm2.ema.StoredAverage;
import io.github.edm2.ema.WeightFile;
import io.github.edm2.models.Count;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.checkpoint.NetworkFileException;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import me.tongfei.progressbar.ProgressBar;
import org.nd4j.linalg.api.buffer.DataType;

/** {@code edm2 phema}: reconstructs averages of any length from a training's snapshots. */
final class PhemaCommand implements Command {

    private static final long MILLION = 1_000_000;

    private static final Setting<Path> INDIR =
            Setting.required(
                    "indir",
                    Kind.FILE,
                    "folder of a training run or its snapshots, or of official raw snapshots");
    private static final Setting<Path> OUTDIR =
            Setting.required(
                    "outdir",
                    Kind.OUTPUT_FOLDER,
                    "folder of the network files; created if need be");
    private static final Setting<List<Double>> OUTSTD =
            Setting.required(
                    "outstd",
                    Kind.LENGTHS,
                    "wanted EMA lengths (sigma_rel) such as 0.05,0.10; \"...\" goes on with the step before it: 0.010,0.015,...,0.250; A..B/N is N lengths from A to B: 0.05..0.25/5");
    private static final Setting<Double> OUTKIMG =
            Setting.derived(
                    "outkimg",
                    Kind.POSITIVE_NUMBER,
                    "that of the latest snapshot",
                    "moment of the training that the averages stand for, in thousands of images");
    private static final Setting<String> INPREFIX =
            Setting.derived(
                    "inprefix",
                    Kind.NAME,
                    "the only one there is",
                    "beginning of the names of official raw snapshots: PREFIX-KIMG-STD.pkl");
    private static final Setting<List<Double>> INSTD =
            Setting.derived(
                    "instd", Kind.LENGTHS, "all", "EMA lengths of the snapshots to start from");
    private static final Setting<String> OUTPREFIX =
            Setting.of("outprefix", Kind.NAME, "phema", "beginning of the names of the networks");
    private static final Setting<NetworkType> FORMAT =
            Setting.of(
                    "format",
                    NetworkType.KIND,
                    NetworkType.ZIP,
                    "of the network files: zip for DL4J, safetensors for Python, too");
    private static final Setting<Integer> BATCH =
            Setting.of(
                    "batch",
                    Kind.SMALL_COUNT,
                    8,
                    "averages that are made at a time; the snapshots are read once for each batch");
    private static final Setting<Boolean> HALF =
            Setting.of(
                    "half",
                    Kind.SWITCH,
                    false,
                    "half-precision weights, as the official tool writes; for --format safetensors");
    private static final Setting<Boolean> SKIP =
            Setting.of("skip", Kind.SWITCH, false, "leave out what exists in the output folder");
    private static final Setting<Boolean> SKIP_MISSING =
            Setting.of(
                    "skip-missing",
                    Kind.SWITCH,
                    false,
                    "leave out snapshots whose files are missing or damaged; all files are read once more to find them");

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
        return "Writes a network file per EMA length, phema-KIMG-STD.zip, and shows a table with the error of each"
                + " average's profile (0 is perfect, 0.01 good, above 0.05 is noted) as the snapshots let one"
                + " predict it. Snapshots at 0 images are left out.";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(
                INDIR,
                OUTDIR,
                OUTSTD,
                OUTKIMG,
                INPREFIX,
                INSTD,
                OUTPREFIX,
                FORMAT,
                HALF,
                BATCH,
                SKIP,
                SKIP_MISSING);
    }

    @Override
    public void run(Arguments arguments, PrintStream out) throws IOException {
        List<Double> wanted = arguments.get(OUTSTD);
        if (arguments.get(HALF) && arguments.get(FORMAT) != NetworkType.SAFETENSORS) {
            throw new UsageException("--half is for --format safetensors");
        }
        Snapshots snapshots = snapshots(arguments, out);
        List<StoredAverage> stored = usable(snapshots, arguments, out);
        Double kimg = arguments.get(OUTKIMG);
        long last = stored.stream().mapToLong(s -> s.at().imageCount()).max().orElseThrow();
        long images = kimg == null ? last : snapshots.images(kimg);
        requireMoment(images, last, stored);
        Outputs outputs =
                new Outputs(
                        arguments.get(OUTDIR),
                        arguments.get(OUTPREFIX),
                        snapshots.kimg(images),
                        arguments.get(FORMAT),
                        arguments.get(HALF) ? DataType.FLOAT16 : DataType.FLOAT);
        List<Double> missing = new ArrayList<>();
        for (double sigmaRel : wanted) {
            if (!arguments.get(SKIP) || !Files.exists(outputs.file(sigmaRel))) {
                missing.add(sigmaRel);
            }
        }
        out.printf(
                "averages wanted anew: %,d of %,d, from %s%n",
                missing.size(), wanted.size(), Count.of(stored.size(), "snapshot", "snapshots"));
        if (!missing.isEmpty()) {
            List<String> table;
            try {
                table =
                        reconstruct(
                                snapshots,
                                stored,
                                images,
                                missing,
                                arguments.get(BATCH),
                                outputs,
                                out);
            } catch (SnapshotException | NetworkFileException e) {
                // Damage within a file shows only when it is read.
                requireAll(UsableSnapshots.read(stored));
                throw e;
            }
            out.printf("%-32s %9s %10s  %s%n", "file", "sigma_rel", "error", "note");
            table.forEach(out::println);
        }
    }

    private static void requireMoment(long images, long last, List<StoredAverage> stored) {
        long first = stored.stream().mapToLong(s -> s.at().imageCount()).min().orElseThrow();
        if (images < first || images > last) {
            throw new UsageException(
                    "--outkimg must be from %s to %s, the moments of the snapshots, got %s"
                            .formatted(inThousands(first), inThousands(last), inThousands(images)));
        }
    }

    private static String inThousands(long images) {
        return BigDecimal.valueOf(images, 3).stripTrailingZeros().toPlainString();
    }

    private static List<String> reconstruct(
            Snapshots snapshots,
            List<StoredAverage> stored,
            long images,
            List<Double> wanted,
            int batch,
            Outputs outputs,
            PrintStream out)
            throws IOException {
        NetworkFile network = snapshots.network(stored.get(stored.size() - 1));
        Map<String, List<Long>> shapes = snapshots.shapes(network);
        List<String> table = new ArrayList<>();
        int batches = (wanted.size() + batch - 1) / batch;
        long work = new PosthocReconstruction(shapes, stored, n -> {}).work(images) * batches;
        try (ProgressBar bar = Progress.start("phema", "M weights", MILLION, 0, work, out)) {
            PosthocReconstruction reconstruct =
                    new PosthocReconstruction(shapes, stored, bar::stepBy);
            for (int from = 0; from < wanted.size(); from += batch) {
                List<Double> part = wanted.subList(from, Math.min(from + batch, wanted.size()));
                table.addAll(outputs.write(reconstruct, images, part, network));
            }
        }
        return table;
    }

    private static Snapshots snapshots(Arguments arguments, PrintStream out) throws IOException {
        Path indir = arguments.get(INDIR);
        Path folder = indir.toAbsolutePath().normalize();
        if (!Files.isDirectory(folder)) {
            throw new CommandException("there is no folder " + indir);
        }
        OfficialSnapshots official = OfficialSnapshots.in(folder, arguments.get(INPREFIX));
        if (!official.isEmpty()) {
            return official;
        }
        if (arguments.has(INPREFIX.name())) {
            throw new CommandException(
                    "there are no files %s-KIMG-STD.pkl in %s"
                            .formatted(arguments.get(INPREFIX), indir));
        }
        boolean isSnapshots = folder.endsWith(TrainingRun.SNAPSHOTS);
        return RunSnapshots.of(
                isSnapshots && !Files.isDirectory(folder.resolve(TrainingRun.SNAPSHOTS))
                        ? folder.getParent()
                        : folder,
                out);
    }

    /** The snapshots to start from: of the chosen EMA lengths, and with a file that can be read. */
    private static List<StoredAverage> usable(
            Snapshots snapshots, Arguments arguments, PrintStream out) {
        List<StoredAverage> chosen = chosen(snapshots.averages(), arguments);
        boolean skip = arguments.get(SKIP_MISSING);
        UsableSnapshots found =
                skip ? UsableSnapshots.read(chosen) : UsableSnapshots.opened(chosen);
        List<String> faults = new ArrayList<>(snapshots.faults());
        faults.addAll(found.faults());
        UsableSnapshots usable = new UsableSnapshots(found.whole(), faults);
        if (!skip) {
            requireAll(usable);
        }
        if (usable.whole().isEmpty()) {
            throw new CommandException(
                    "no snapshot in %s can be used: %s cannot be read"
                            .formatted(arguments.get(INDIR), usable.faultsInWords()));
        }
        if (!faults.isEmpty()) {
            out.println("left out: " + usable.faultsInWords());
        }
        return usable.whole();
    }

    private static void requireAll(UsableSnapshots snapshots) {
        if (!snapshots.faults().isEmpty()) {
            throw new CommandException(
                    "%s cannot be used; restore their files, or give --skip-missing to reconstruct from the others"
                            .formatted(snapshots.faultsInWords()));
        }
    }

    /** Those of the wanted EMA lengths. */
    private static List<StoredAverage> chosen(List<StoredAverage> stored, Arguments arguments) {
        if (stored.isEmpty()) {
            throw new CommandException(
                    "there are no snapshots in %s yet".formatted(arguments.get(INDIR)));
        }
        List<Double> lengths = arguments.get(INSTD);
        if (lengths == null) {
            return stored;
        }
        List<Double> there =
                stored.stream().map(s -> s.at().profile().sigmaRel()).distinct().toList();
        for (double length : lengths) {
            if (!there.contains(length)) {
                throw new CommandException(
                        "there are no snapshots of --instd %s, only of %s"
                                .formatted(
                                        EmaLengths.format(length),
                                        there.stream().map(EmaLengths::format).toList()));
            }
        }
        return stored.stream().filter(s -> lengths.contains(s.at().profile().sigmaRel())).toList();
    }

    /** Where the networks go. */
    private record Outputs(
            Path folder, String prefix, String kimg, NetworkType type, DataType weights) {

        Path file(double sigmaRel) {
            return folder.resolve(
                    "%s-%s-%s.%s"
                            .formatted(
                                    prefix, kimg, EmaLengths.format(sigmaRel), type.extension()));
        }

        /** Reconstructs averages into their files and returns their lines of the table. */
        List<String> write(
                PosthocReconstruction reconstruct,
                long images,
                List<Double> sigmaRel,
                NetworkFile network)
                throws IOException {
            Files.createDirectories(folder);
            List<WeightFile> files = new ArrayList<>();
            try {
                for (double s : sigmaRel) {
                    files.add(type.withWeights(file(s), network, weights));
                }
                double[] lengths = sigmaRel.stream().mapToDouble(Double::doubleValue).toArray();
                List<ReconstructedProfile> profiles = reconstruct.stream(images, lengths, files);
                for (WeightFile file : files) {
                    file.commit();
                }
                return profiles.stream().map(this::line).toList();
            } finally {
                for (WeightFile file : files) {
                    file.close();
                }
            }
        }

        private String line(ReconstructedProfile profile) {
            return "%-32s %9s %10.2e  %s"
                    .formatted(
                            file(profile.sigmaRel()).getFileName(),
                            EmaLengths.format(profile.sigmaRel()),
                            profile.predictedError(),
                            profile.note().orElse(""));
        }
    }
}
