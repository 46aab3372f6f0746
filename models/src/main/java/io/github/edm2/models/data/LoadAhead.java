package io.github.edm2.models.data;

import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Batches that another thread makes one ahead: while the caller computes with one, the next is read
 * and decoded. For use by one thread.
 *
 * @param <T> what a batch is
 */
public final class LoadAhead<T> implements AutoCloseable {

    private final BooleanSupplier hasNext;
    private final Supplier<T> source;

    /** The next batch in the making; null where nothing has begun or nothing is left. */
    private CompletableFuture<T> next;

    /**
     * @param hasNext whether the source has another batch; asked between its calls
     * @param source makes a batch; called by one thread at a time, in turn
     */
    public LoadAhead(BooleanSupplier hasNext, Supplier<T> source) {
        this.hasNext = hasNext;
        this.source = source;
    }

    /** Whether there is another batch. */
    public boolean hasNext() {
        return next != null || hasNext.getAsBoolean();
    }

    /**
     * The next batch, once it is made; begins the one after it.
     *
     * @throws NoSuchElementException after the last
     * @throws RuntimeException what the source threw
     */
    public T next() {
        if (!hasNext()) {
            throw new NoSuchElementException("there is no batch after the last");
        }
        T batch = next == null ? source.get() : made();
        next = hasNext.getAsBoolean() ? CompletableFuture.supplyAsync(source) : null;
        return batch;
    }

    private T made() {
        try {
            return next.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    /** Waits until the source is no longer used; the batch that was made ahead is dropped. */
    @Override
    public void close() {
        if (next != null) {
            next.handle((batch, failure) -> null).join();
        }
    }
}
