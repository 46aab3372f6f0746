package io.github.edm2.examples.cli;

import io.github.edm2.models.data.DatasetConverter;
import java.io.PrintStream;
import me.tongfei.progressbar.ProgressBar;

/** Progress bar of a conversion of images, with the unreadable ones listed. */
final class ConversionProgress implements DatasetConverter.Progress, AutoCloseable {

    private final PrintStream out;
    private ProgressBar bar;
    private int resumed;

    ConversionProgress(PrintStream out) {
        this.out = out;
    }

    @Override
    public void resumed(int done, int total) {
        out.printf("continues after %,d of %,d images%n", done, total);
        resumed = done;
    }

    @Override
    public void restarted() {
        out.println(
                "starts anew: the interrupted conversion to this archive had another source or other options");
    }

    @Override
    public void update(int done, int total) {
        if (bar == null) {
            bar = Progress.start("convert", "images", 1, resumed, total, out);
        }
        bar.stepTo(Math.max(resumed, done));
    }

    @Override
    public void unreadable(String message) {
        out.println("unreadable: " + message);
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
