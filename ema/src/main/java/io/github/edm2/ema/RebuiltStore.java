package io.github.edm2.ema;

import java.util.List;

/**
 * A snapshot store whose manifest was lost and made again from the files.
 *
 * @param store the whole snapshots, by image count, then sigmaRel
 * @param leftOut a sentence for each file that is damaged or tells too little
 */
public record RebuiltStore(SnapshotStore store, List<String> leftOut) {

    /** Keeps its own list. */
    public RebuiltStore {
        leftOut = List.copyOf(leftOut);
    }
}
