package io.github.edm2.examples.cli;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where a command writes, checked before it does any work. */
final class Destination {

    private Destination() {}

    /**
     * A folder.
     *
     * @return the same
     * @throws OutOfRangeException if it cannot be made or written
     */
    static Path folder(Path folder) {
        Path there = folder.toAbsolutePath().normalize();
        while (there.getParent() != null && !Files.exists(there)) {
            there = there.getParent();
        }
        if (!Files.isDirectory(there)) {
            throw new OutOfRangeException(
                    "a folder or the path of a new one",
                    "%s, where %s is a file".formatted(folder, there));
        }
        if (!Files.isWritable(there)) {
            throw new OutOfRangeException(
                    "where files may be written",
                    "%s, and the permission for %s is missing".formatted(folder, there));
        }
        return folder;
    }

    /**
     * A file.
     *
     * @return the same
     * @throws OutOfRangeException if it is a folder, or its folder cannot be made or written
     */
    static Path file(Path file) {
        if (Files.isDirectory(file)) {
            throw new OutOfRangeException("the path of a file", file + ", which is a folder");
        }
        folder(file.toAbsolutePath().getParent());
        return file;
    }
}
