package io.github.edm2.examples.cli;

import java.io.PrintStream;
import java.time.Duration;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

/** Progress bars with rate and time left: one line that changes, or lines in a log file. */
final class Progress {

    private static final int WIDTH = 120;
    private static final int TERMINAL_MILLIS = 500;
    private static final int LOG_MILLIS = 10_000;

    private Progress() {}

    /**
     * Starts a bar.
     *
     * @param task what is done
     * @param units what is counted, in the plural
     * @param unitSize counts that make one of the units
     * @param start count at which an earlier run stopped
     * @param end count at which the task is done
     */
    static ProgressBar start(
            String task, String units, long unitSize, long start, long end, PrintStream out) {
        boolean terminal = System.console() != null;
        return new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(end)
                .startsFrom(start, Duration.ZERO)
                .setRenderer(new BarRenderer(units, unitSize))
                .setUpdateIntervalMillis(terminal ? TERMINAL_MILLIS : LOG_MILLIS)
                .setConsumer(
                        terminal
                                ? new ConsoleProgressBarConsumer(out, WIDTH)
                                : new LogLines(out, WIDTH))
                .build();
    }
}
