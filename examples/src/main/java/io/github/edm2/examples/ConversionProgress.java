package io.github.edm2.examples;

import io.github.edm2.models.data.DatasetConverter;
import java.io.PrintStream;
import me.tongfei.progressbar.ProgressBar;

/** Progress bar of a conversion of images, with the unreadable ones listed. */
final class ConversionProgress implements DatasetConverter.Progress, AutoCloseable {

    private final PrintStream out;
    private ProgressBar bar;

    ConversionProgress(PrintStream out) {
        this.out = out;
    }

    @Override
    public void update(int done, int total) {
        if (bar == null) {
            bar = Progress.start("convert", "images", 1, 0, total, out);
        }
        bar.stepTo(done);
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
