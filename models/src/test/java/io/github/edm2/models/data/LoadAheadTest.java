package io.github.edm2.models.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LoadAheadTest {

    @Test
    void batchesComeInTheirOrder() {
        Iterator<Integer> source = List.of(1, 2, 3).iterator();
        try (LoadAhead<Integer> batches = new LoadAhead<>(source::hasNext, source::next)) {
            for (int expected = 1; expected <= 3; expected++) {
                assertTrue(batches.hasNext());
                assertEquals(expected, batches.next());
            }
            assertFalse(batches.hasNext());
            assertThrows(NoSuchElementException.class, batches::next);
        }
    }

    /** The second batch is made although nobody has asked for it. */
    @Test
    void theNextBatchIsMadeMeanwhile() throws InterruptedException {
        CountDownLatch made = new CountDownLatch(2);
        try (LoadAhead<Integer> batches =
                new LoadAhead<>(
                        () -> true,
                        () -> {
                            made.countDown();
                            return 0;
                        })) {
            batches.next();
            assertTrue(made.await(50, TimeUnit.SECONDS));
        }
    }

    @Test
    void theFailureOfABatchIsThrownWhereTheBatchIsAskedFor() {
        Iterator<Integer> source = List.of(1, 0).iterator();
        try (LoadAhead<Integer> batches =
                new LoadAhead<>(source::hasNext, () -> 1 / source.next())) {
            assertEquals(1, batches.next());
            assertThrows(ArithmeticException.class, batches::next);
        }
    }

    @Test
    void closingWaitsForTheSource() {
        AtomicBoolean isFirst = new AtomicBoolean(true);
        AtomicBoolean isReading = new AtomicBoolean();
        LoadAhead<Integer> batches =
                new LoadAhead<>(
                        () -> true,
                        () -> {
                            isReading.set(true);
                            if (!isFirst.getAndSet(false)) {
                                pause();
                            }
                            isReading.set(false);
                            return 0;
                        });
        batches.next();
        batches.close();
        assertFalse(isReading.get());
    }

    private static void pause() {
        try {
            Thread.sleep(200);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
