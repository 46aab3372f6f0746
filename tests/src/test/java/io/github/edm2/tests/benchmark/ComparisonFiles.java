package io.github.edm2.tests.benchmark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * What both sides of a {@link Comparison} read and write, in a temporary folder.
 *
 * @param folder deleted in the end
 */
record ComparisonFiles(Path folder) implements AutoCloseable {

    static ComparisonFiles create() throws IOException {
        return new ComparisonFiles(Files.createTempDirectory("edm2-compare"));
    }

    /** The network, options included. */
    Path weights() {
        return folder.resolve("network.safetensors");
    }

    /** Averages to reconstruct others from. */
    Path snapshots() {
        return folder.resolve("snapshots");
    }

    /** The network as PyTorch's programs without Python take it. */
    Path traced() {
        return folder.resolve("traced");
    }

    /** Images that programs write. */
    Path images() {
        return folder.resolve("images");
    }

    @Override
    public void close() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            all.sorted(Comparator.reverseOrder()).forEach(ComparisonFiles::delete);
        }
    }

    private static void delete(Path path) {
        try {
            Files.delete(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
