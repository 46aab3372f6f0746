package io.github.edm2.ema;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.function.Function;

/**
 * Writes a file so that a crash at any moment leaves either the old or the new one: temporary file
 * in the same folder, flushed to the disk, then renamed.
 */
final class AtomicFile {

    private AtomicFile() {}

    /** Writes the file's content and returns what the caller wants to know of it. */
    @FunctionalInterface
    interface Content<T> {
        T writeTo(FileChannel channel) throws IOException;
    }

    /**
     * Writes the temporary file and renames it to its target, which may depend on what was written.
     *
     * @throws SnapshotException if writing fails, for example because the disk is full; the
     *     temporary file is then deleted and the target unchanged
     */
    static <T> T write(Path temporary, Function<T, Path> target, Content<T> content) {
        try {
            T written;
            try (FileChannel channel =
                    FileChannel.open(
                            temporary,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.TRUNCATE_EXISTING)) {
                written = content.writeTo(channel);
                channel.force(true);
            }
            Files.move(
                    temporary,
                    target.apply(written),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            flushFolder(temporary);
            return written;
        } catch (IOException e) {
            deleteAfter(e, temporary);
            throw new SnapshotException(
                    String.format(
                            "cannot write %s: %s; nothing was changed there",
                            temporary.toAbsolutePath().getParent(), reason(e)),
                    e);
        } catch (RuntimeException e) {
            deleteAfter(e, temporary);
            throw e;
        }
    }

    /** What went wrong, in words: the messages of some exceptions are only a file name. */
    static String reason(IOException e) {
        boolean nameOnly = e instanceof FileSystemException f && f.getReason() == null;
        return nameOnly ? e.getClass().getSimpleName() + " " + e.getMessage() : e.getMessage();
    }

    private static void deleteAfter(Exception failure, Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /** Makes the rename itself durable; only POSIX systems can open a folder for that. */
    private static void flushFolder(Path file) throws IOException {
        if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Path folder = file.toAbsolutePath().getParent();
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }
}
