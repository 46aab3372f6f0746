package io.github.edm2.ema;

/** Lets threads pass in the order of the pieces that they work on. */
final class Turns {

    private int next;

    /**
     * Waits until all pieces before this one are {@link #done}.
     *
     * @param piece its number, from 0
     * @throws InterruptedException if the thread is interrupted, because another one failed
     */
    synchronized void await(int piece) throws InterruptedException {
        while (next != piece) {
            wait();
        }
    }

    /** Lets the next piece pass. */
    synchronized void done() {
        next++;
        notifyAll();
    }
}
