package io.github.edm2.ema;

import java.io.Closeable;
import java.io.IOException;

/**
 * A file that is written while its weights are computed, atomically. Closed before {@link #commit},
 * it leaves nothing behind.
 */
public interface WeightFile extends WeightSink, Closeable {

    /**
     * Gives the complete file its name.
     *
     * @throws IllegalStateException if elements are missing or too many
     * @throws IOException if it cannot be flushed or renamed
     */
    void commit() throws IOException;
}
