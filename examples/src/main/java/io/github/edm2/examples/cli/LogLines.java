package io.github.edm2.examples.cli;

import java.io.PrintStream;
import me.tongfei.progressbar.ProgressBarConsumer;

/** Writes the states of a progress bar as lines, but none twice, where there is no terminal. */
final class LogLines implements ProgressBarConsumer {

    private final PrintStream out;
    private final int width;
    private String last = "";

    /**
     * @param width longest line in characters
     */
    LogLines(PrintStream out, int width) {
        this.out = out;
        this.width = width;
    }

    @Override
    public int getMaxRenderedLength() {
        return width;
    }

    /** A line that differs from the one before in its times alone is left out. */
    @Override
    public synchronized void accept(String line) {
        int times = line.lastIndexOf(" (");
        String state = times < 0 ? line : line.substring(0, times);
        if (!state.equals(last)) {
            out.println(line.stripTrailing());
            last = state;
        }
    }

    /** The stream belongs to others. */
    @Override
    public void close() {}
}
