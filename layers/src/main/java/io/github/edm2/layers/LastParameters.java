package io.github.edm2.layers;

import io.github.edm2.layers.plan.OpenMp;
import io.github.edm2.layers.plan.Prepared;
import io.github.edm2.layers.plan.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A copy of an array, with which it is compared: an array gives no sign that somebody has written
 * to it. By differences in pieces that stay in the processor's cache, which (M2.1, CPU) takes a
 * tenth of the time of {@code equals}; ND4J's operation {@code hashcode} writes past its memory.
 */
final class LastParameters {

    /** Numbers of a piece. */
    private static final long PIECE = 1 << 16;

    private final INDArray array;
    private final INDArray copy;
    private final int threads = OpenMp.threads();
    private final List<Runnable> comparisons = new ArrayList<>();
    private final AtomicBoolean changed = new AtomicBoolean();

    LastParameters(INDArray array) {
        this.array = array;
        try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            copy = array.dup();
            for (int i = 0; i < threads; i++) {
                comparisons.add(comparison(i));
            }
        }
    }

    /** Compares every so manyth piece. */
    private Runnable comparison(int first) {
        long length = array.length();
        INDArray now = array.reshape(length);
        INDArray before = copy.reshape(length);
        INDArray scratch = Nd4j.createUninitialized(array.dataType(), Math.min(PIECE, length));
        List<Runnable> pieces = new ArrayList<>();
        for (long from = first * PIECE; from < length; from += threads * PIECE) {
            long to = Math.min(from + PIECE, length);
            INDArray difference = piece(scratch, 0, to - from);
            Runnable subtraction =
                    Prepared.axpy(-1, piece(before, from, to), piece(now, from, to), difference);
            pieces.add(
                    () -> {
                        subtraction.run();
                        if (Nd4j.getBlasWrapper().asum(difference) != 0) {
                            changed.set(true);
                        }
                    });
        }
        return () -> pieces.forEach(Runnable::run);
    }

    private static INDArray piece(INDArray vector, long from, long to) {
        return vector.get(NDArrayIndex.interval(from, to));
    }

    /**
     * Whether the array differs from the copy, which is then brought up to date.
     *
     * @param sideBySide whether {@link Workers} are to look, because they are busy anyway
     */
    boolean haveChanged(boolean sideBySide) {
        changed.set(false);
        if (sideBySide) {
            Workers.run(1, comparisons);
        } else {
            comparisons.forEach(Runnable::run);
        }
        if (changed.get()) {
            copy.assign(array);
        }
        return changed.get();
    }
}
