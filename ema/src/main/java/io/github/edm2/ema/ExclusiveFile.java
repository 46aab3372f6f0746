package io.github.edm2.ema;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/** Files that are open in one place at a time, of all programs and threads. */
public final class ExclusiveFile {

    private ExclusiveFile() {}

    /**
     * Opens a file, or makes it. Where the file system has no locks, as some of networks, it is
     * open to others too.
     *
     * @return for reading and writing, the file's until it is closed; empty if it is open elsewhere
     * @throws IOException if it cannot be opened
     */
    public static Optional<FileChannel> open(Path file) throws IOException {
        FileChannel channel =
                FileChannel.open(
                        file,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        // Who had it may have renamed or deleted it after it was opened here.
        if (lock(channel) && Files.exists(file)) {
            return Optional.of(channel);
        }
        channel.close();
        return Optional.empty();
    }

    private static boolean lock(FileChannel channel) {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false;
        } catch (IOException e) {
            return true; // no locks here
        }
    }
}
