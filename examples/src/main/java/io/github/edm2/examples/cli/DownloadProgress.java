package io.github.edm2.examples.cli;

import io.github.edm2.models.checkpoint.ModelFiles;
import java.io.PrintStream;
import me.tongfei.progressbar.ProgressBar;

/** Progress bars of downloads, one after another. */
final class DownloadProgress implements ModelFiles.Progress, AutoCloseable {

    private static final long MEGABYTE = 1_000_000;

    private final PrintStream out;
    private String file;
    private ProgressBar bar;

    DownloadProgress(PrintStream out) {
        this.out = out;
    }

    @Override
    public void update(String name, long doneBytes, long totalBytes) {
        if (!name.equals(file)) {
            close();
            file = name;
            bar = Progress.start(name, "MB", MEGABYTE, doneBytes, totalBytes, out);
        }
        bar.maxHint(totalBytes);
        bar.stepTo(doneBytes);
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
