package io.github.edm2.examples.cli;

import io.github.edm2.ema.AverageName;
import io.github.edm2.ema.RebuiltStore;
import io.github.edm2.ema.SnapshotStore;
import io.github.edm2.ema.StoredAverage;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.checkpoint.StateDict;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The snapshots of one of this project's trainings. */
final class RunSnapshots implements Snapshots {

    private final Path run;
    private final SnapshotStore store;
    private final List<String> faults;

    private RunSnapshots(Path run, SnapshotStore store, List<String> faults) {
        this.run = run;
        this.store = store;
        this.faults = faults;
    }

    /**
     * Opens the snapshots of a training. A lost manifest is made again from the files; it is
     * written if none of them is damaged.
     *
     * @param run folder of the training
     * @param out told of a manifest that was made again
     */
    static RunSnapshots of(Path run, PrintStream out) {
        Path folder = run.resolve(TrainingRun.SNAPSHOTS);
        if (!SnapshotStore.isIn(folder) && !SnapshotStore.lacksManifest(folder)) {
            throw new CommandException(
                    "%s is no folder of a training run: it has no %s; name the --outdir of a train command with --indir"
                            .formatted(run, TrainingRun.SNAPSHOTS));
        }
        if (!SnapshotStore.lacksManifest(folder)) {
            return new RunSnapshots(run, SnapshotStore.open(folder), List.of());
        }
        RebuiltStore rebuilt = SnapshotStore.rebuild(folder);
        boolean written = rebuilt.leftOut().isEmpty() && Files.isWritable(folder);
        if (written) {
            rebuilt.store().writeManifest();
        }
        out.printf(
                "manifest.json is missing in %s; its contents were made again from %,d snapshot files%s%n",
                folder, rebuilt.store().snapshots().size(), written ? " and written" : "");
        return new RunSnapshots(run, rebuilt.store(), rebuilt.leftOut());
    }

    @Override
    public List<StoredAverage> averages() {
        return store.averages();
    }

    @Override
    public List<String> faults() {
        return faults;
    }

    @Override
    public Map<String, List<Long>> shapes(NetworkFile network) {
        Map<String, List<Long>> shapes = store.shapes();
        if (!lengths(shapes).equals(lengths(StateDict.parameters(network.graph())))) {
            throw new CommandException(
                    "the snapshots in %s belong to another network than %s"
                            .formatted(run.resolve(TrainingRun.SNAPSHOTS), TrainingRun.NETWORK));
        }
        return shapes;
    }

    /** Numbers of elements, which are the same where a gain is a scalar here and a vector there. */
    private static List<Long> lengths(Map<String, List<Long>> shapes) {
        return shapes.values().stream()
                .map(shape -> shape.stream().reduce(1L, Math::multiplyExact))
                .toList();
    }

    @Override
    public long images(double kimg) {
        return Math.round(kimg * KIMG);
    }

    /** Thousands of images, with decimals only where these are not whole. */
    @Override
    public String kimg(long images) {
        return AverageName.kimg(images);
    }

    @Override
    public NetworkFile network(StoredAverage average) {
        return Edm2.read(run.resolve(TrainingRun.NETWORK));
    }
}
