package io.github.edm2.examples.cli;

import io.github.edm2.ema.SnapshotException;
import io.github.edm2.ema.StoredAverage;
import io.github.edm2.ema.TensorFile;
import io.github.edm2.models.Count;
import io.github.edm2.models.checkpoint.NetworkFileException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Snapshots sorted by whether their files can be used.
 *
 * @param whole those to reconstruct from
 * @param faults what is wrong with each of the others, a sentence for each
 */
record UsableSnapshots(List<StoredAverage> whole, List<String> faults) {

    private static final int PIECE_BYTES = 1 << 20;
    private static final int MOST_SHOWN = 3;

    /** Opens every file; finds those that are missing or cut. */
    static UsableSnapshots opened(List<StoredAverage> stored) {
        return sorted(stored, file -> {});
    }

    /** Reads every file from beginning to end; finds those that are damaged, too. */
    static UsableSnapshots read(List<StoredAverage> stored) {
        ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES);
        return sorted(stored, file -> readAll(file, piece));
    }

    private interface Check {
        void of(TensorFile file);
    }

    private static UsableSnapshots sorted(List<StoredAverage> stored, Check check) {
        List<StoredAverage> whole = new ArrayList<>();
        List<String> faults = new ArrayList<>();
        for (StoredAverage average : stored) {
            try (TensorFile file = average.file().get()) {
                check.of(file);
                whole.add(average);
            } catch (SnapshotException | NetworkFileException e) {
                faults.add(e.getMessage());
            }
        }
        return new UsableSnapshots(whole, faults);
    }

    private static void readAll(TensorFile file, ByteBuffer piece) {
        file.tensors()
                .forEach(
                        (name, info) -> {
                            int width = info.type().width();
                            long most = PIECE_BYTES / width;
                            for (long at = 0; at < info.length(); at += most) {
                                int count = (int) Math.min(most, info.length() - at);
                                file.read(name, at, piece.clear().limit(count * width));
                            }
                        });
    }

    /** One line on the faults: how many there are and the first of them. */
    String faultsInWords() {
        String shown = faults.stream().limit(MOST_SHOWN).collect(Collectors.joining("; "));
        return "%,d of %s (%s%s)"
                .formatted(
                        faults.size(),
                        Count.of(faults.size() + whole.size(), "snapshot", "snapshots"),
                        shown,
                        faults.size() > MOST_SHOWN ? "; ..." : "");
    }
}
