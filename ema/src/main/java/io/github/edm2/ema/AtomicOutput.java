package io.github.edm2.ema;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file that has its name only once it is complete: temporary file in the same folder, flushed to
 * the disk, then renamed. Closed before that, it leaves nothing behind.
 */
public final class AtomicOutput implements Closeable {

    private final Path temporary;
    private final FileChannel channel;

    /**
     * Creates the temporary file, or empties one that a crash has left.
     *
     * @param temporary where the content is written at first
     * @throws IOException if it cannot be created
     */
    AtomicOutput(Path temporary) throws IOException {
        this.temporary = temporary;
        channel =
                FileChannel.open(
                        temporary,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING);
    }

    /**
     * Begins a file.
     *
     * @param file created or replaced by {@link #commit}, in an existing folder
     * @throws IOException if the temporary file cannot be created
     */
    public static AtomicOutput of(Path file) throws IOException {
        return new AtomicOutput(AtomicFile.temporary(file));
    }

    /** What to write to. */
    public FileChannel channel() {
        return channel;
    }

    /**
     * Gives the file its name.
     *
     * @param file created or replaced, in the folder of the temporary file
     * @throws IOException if it cannot be flushed or renamed
     */
    public void commit(Path file) throws IOException {
        channel.force(true);
        channel.close();
        AtomicFile.rename(temporary, file);
    }

    /** Deletes the temporary file, if it was not committed. */
    @Override
    public void close() throws IOException {
        channel.close();
        Files.deleteIfExists(temporary);
    }
}
