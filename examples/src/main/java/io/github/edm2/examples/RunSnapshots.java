package io.github.edm2.examples;

import io.github.edm2.ema.ReconstructedWeights;
import io.github.edm2.ema.SnapshotStore;
import io.github.edm2.ema.StoredAverage;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.checkpoint.NetworkFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The snapshots of one of this project's trainings. */
final class RunSnapshots implements Snapshots {

    private final Path run;
    private final SnapshotStore store;

    /**
     * @param run folder of the training
     */
    RunSnapshots(Path run) {
        this.run = run;
        store = SnapshotStore.open(run.resolve(TrainingRun.SNAPSHOTS));
    }

    @Override
    public List<StoredAverage> averages() {
        return store.averages();
    }

    @Override
    public Map<String, List<Long>> shapes() {
        return store.shapes();
    }

    @Override
    public long images(double kimg) {
        return Math.round(kimg * KIMG);
    }

    /** Thousands of images, with decimals only where these are not whole. */
    @Override
    public String kimg(long images) {
        long rest = images % KIMG;
        return "%07d%s".formatted(images / KIMG, rest == 0 ? "" : ".%03d".formatted(rest));
    }

    @Override
    public NetworkFile network() {
        return Edm2.read(run.resolve(TrainingRun.NETWORK));
    }

    @Override
    public void apply(ReconstructedWeights average, NetworkFile network) {
        average.applyTo(network.graph());
    }
}
