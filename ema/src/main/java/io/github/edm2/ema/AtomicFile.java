package io.github.edm2.ema;

import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.function.Function;
import org.nd4j.shade.jackson.core.JsonProcessingException;

/**
 * Writes a file so that a crash at any moment leaves either the old or the new one: temporary file
 * in the same folder, flushed to the disk, then renamed.
 */
public final class AtomicFile {

    private static final int BUFFER = 1 << 20;

    private AtomicFile() {}

    /** Writes what the new file holds. */
    @FunctionalInterface
    public interface Writer {

        /**
         * Writes the content.
         *
         * @param out buffered; need not be flushed or closed
         * @throws IOException if it cannot be written
         */
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Creates or replaces a file.
     *
     * @param file the file, in an existing folder
     * @param writer writes its content
     * @throws IOException if writing fails, for example because the disk is full; the file is then
     *     as it was before
     */
    public static void write(Path file, Writer writer) throws IOException {
        replace(
                temporary(file),
                w -> file,
                channel -> {
                    OutputStream out =
                            new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER);
                    writer.writeTo(out);
                    out.flush();
                    return null;
                });
    }

    /** Where a file is written before it has its name. */
    static Path temporary(Path file) {
        return file.resolveSibling("." + file.getFileName() + ".tmp");
    }

    /** Writes the file's content and returns what the caller wants to know of it. */
    @FunctionalInterface
    interface Content<T> {
        T writeTo(FileChannel channel) throws IOException;
    }

    /**
     * Renames a file or folder at once and for good.
     *
     * @param from what was written and flushed
     * @param to its name from now on, in the same folder; an existing file is replaced
     * @throws IOException if it cannot be renamed
     */
    public static void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        flushFolder(to);
    }

    /**
     * Writes the temporary file and renames it to its target, which may depend on what was written.
     *
     * @throws SnapshotException if writing fails, for example because the disk is full; the
     *     temporary file is then deleted and the target unchanged
     */
    static <T> T write(Path temporary, Function<T, Path> target, Content<T> content) {
        try {
            return replace(temporary, target, content);
        } catch (IOException e) {
            throw new SnapshotException(
                    String.format(
                            "cannot write %s: %s; nothing was changed there",
                            temporary.toAbsolutePath().getParent(), reason(e)),
                    e);
        }
    }

    private static <T> T replace(Path temporary, Function<T, Path> target, Content<T> content)
            throws IOException {
        try (AtomicOutput output = new AtomicOutput(temporary)) {
            T written = content.writeTo(output.channel());
            output.commit(target.apply(written));
            return written;
        }
    }

    /**
     * What went wrong, in words: the messages of some exceptions are only a file name, those of
     * others name classes.
     *
     * @param e what a file operation or the reading of a file threw
     * @return part of a sentence
     */
    public static String reason(IOException e) {
        if (e instanceof JsonProcessingException json) {
            return JsonFault.of(json);
        }
        if (e instanceof FileSystemException file && file.getReason() == null) {
            return reason(file);
        }
        if (e instanceof EOFException) {
            return "it ends before it is complete";
        }
        return e.getMessage() == null ? "an unexpected " + e.getClass().getName() : e.getMessage();
    }

    private static String reason(FileSystemException e) {
        String file = e.getFile();
        if (e instanceof NoSuchFileException) {
            return "there is no file " + file;
        }
        if (e instanceof AccessDeniedException) {
            return "the permission for %s is missing".formatted(file);
        }
        if (e instanceof FileAlreadyExistsException) {
            return "%s is there already".formatted(file);
        }
        if (e instanceof NotDirectoryException) {
            return "%s is no folder".formatted(file);
        }
        if (e instanceof DirectoryNotEmptyException) {
            return "%s is a folder that is not empty".formatted(file);
        }
        return "%s cannot be used".formatted(file);
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
