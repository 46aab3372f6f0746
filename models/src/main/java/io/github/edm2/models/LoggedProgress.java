package io.github.edm2.models;

import io.github.edm2.models.checkpoint.ModelFiles;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A line in the log at the start and the end of a download and every few seconds between. */
final class LoggedProgress implements ModelFiles.Progress {

    private static final Logger LOG = LoggerFactory.getLogger(LoggedProgress.class);
    private static final long INTERVAL = TimeUnit.SECONDS.toNanos(5);

    private long nextLine = System.nanoTime();

    @Override
    public void update(String file, long doneBytes, long totalBytes) {
        long now = System.nanoTime();
        if (now - nextLine >= 0 || doneBytes == totalBytes) {
            nextLine = now + INTERVAL;
            LOG.info("{}: {} of {} bytes", file, doneBytes, totalBytes);
        }
    }
}
