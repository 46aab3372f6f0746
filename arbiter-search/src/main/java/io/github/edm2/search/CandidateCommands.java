package io.github.edm2.search;

import io.github.edm2.ema.AverageName;
import io.github.edm2.ema.Snapshot;
import io.github.edm2.ema.SnapshotException;
import io.github.edm2.ema.SnapshotStore;
import io.github.edm2.models.checkpoint.NetworkFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * What makes a candidate's network and images of it.
 *
 * @param lines commands to be run as they stand, in the folder in which the search ran; none where
 *     they would not work
 * @param note why there are none, or what they do not do; empty if nothing need be said
 */
record CandidateCommands(List<String> lines, String note) {

    private static final double NOT_GUIDED = 1;

    /**
     * The commands.
     *
     * @param study whose folder is looked at
     * @param program name of the command line program
     */
    static CandidateCommands of(Study study, TrialResult result, String program) {
        Path run = study.run(result);
        PostHoc choice = result.postHoc();
        OptionalLong time = storedTime(run.resolve(TrainingRun.SNAPSHOTS), choice.images());
        if (time.isEmpty()) {
            return none("No commands: the snapshots in %s are not complete.".formatted(run));
        }
        if (!NetworkFile.isIn(run.resolve(TrainingRun.NETWORK))) {
            return none(
                    "No commands: the command line takes EDM2 networks only. In Java: SnapshotStore.open(Path.of(\"%s\")).reconstructAt(%dL, %s).get(%3$s).applyTo(network)"
                            .formatted(
                                    run.resolve(TrainingRun.SNAPSHOTS),
                                    time.getAsLong(),
                                    choice.sigmaRel()));
        }
        String network = "candidate-%d".formatted(result.index());
        String name =
                AverageName.of("phema", AverageName.kimg(time.getAsLong()), choice.sigmaRel());
        return new CandidateCommands(
                List.of(
                        "%s phema --indir %s --outstd %s --outkimg %s --outdir %s"
                                .formatted(
                                        program,
                                        ShellWord.of(run.toString()),
                                        AverageName.length(choice.sigmaRel()),
                                        kimg(time.getAsLong()),
                                        network),
                        "%s generate --net %s/%s.zip --steps %d --seeds 0-63 --outdir images-%d"
                                .formatted(program, network, name, choice.steps(), result.index())),
                choice.guidance() == NOT_GUIDED
                        ? ""
                        : "Scored with guidance: add --guidance %s and --gnet with the guide of the search."
                                .formatted(choice.guidance()));
    }

    private static CandidateCommands none(String reason) {
        return new CandidateCommands(List.of(), reason);
    }

    /** When the snapshots are that stand for a time, if all files up to it are there. */
    private static OptionalLong storedTime(Path snapshots, long wanted) {
        try {
            SnapshotStore store = SnapshotStore.open(snapshots);
            OptionalLong time = TrainingRun.snapshotTime(store, wanted);
            for (Snapshot snapshot : store.snapshots()) {
                if (!isComplete(snapshots.resolve(snapshot.file()), snapshot.bytes())) {
                    return OptionalLong.empty();
                }
            }
            return time;
        } catch (SnapshotException e) {
            return OptionalLong.empty(); // gone or damaged, as the note says
        }
    }

    private static boolean isComplete(Path file, long bytes) {
        try {
            return Files.isRegularFile(file) && Files.size(file) == bytes;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Thousands of images without needless decimals. */
    private static String kimg(long images) {
        return String.format(Locale.ROOT, "%d.%03d", images / 1000, images % 1000)
                .replaceFirst("\\.?0+$", "");
    }
}
