package io.github.edm2.examples.cli;

import java.text.DecimalFormat;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import me.tongfei.progressbar.DefaultProgressBarRenderer;
import me.tongfei.progressbar.ProgressBarStyle;
import me.tongfei.progressbar.ProgressState;

/**
 * Draws a progress bar as the library does, but for the rate, which has the form of {@link Rate}.
 */
final class BarRenderer extends DefaultProgressBarRenderer {

    private static final double NANOS = 1e9;

    private final String units;
    private final long unitSize;

    /**
     * @param units what is counted, in the plural
     * @param unitSize counts that make one of the units
     */
    BarRenderer(String units, long unitSize) {
        super(
                ProgressBarStyle.ASCII,
                " " + units,
                unitSize,
                true,
                new DecimalFormat(),
                ChronoUnit.SECONDS,
                true,
                BarRenderer::timeLeft);
        this.units = units;
        this.unitSize = unitSize;
    }

    @Override
    protected String speed(ProgressState progress) {
        return Rate.text(perSecond(progress) / unitSize, units);
    }

    private static Optional<Duration> timeLeft(ProgressState progress) {
        double perSecond = perSecond(progress);
        if (progress.getMax() <= 0 || progress.isIndefinite() || !(perSecond > 0)) {
            return Optional.empty();
        }
        double seconds = (progress.getMax() - progress.getCurrent()) / perSecond;
        return Optional.of(Duration.ofSeconds(Math.round(seconds)));
    }

    /** Counts a second since this program began; 0 before the first. */
    private static double perSecond(ProgressState progress) {
        double seconds = progress.getElapsedAfterStart().toNanos() / NANOS;
        long done = progress.getCurrent() - progress.getStart();
        return done > 0 && seconds > 0 ? done / seconds : 0;
    }
}
