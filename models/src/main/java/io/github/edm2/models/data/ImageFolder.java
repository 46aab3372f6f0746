package io.github.edm2.models.data;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Image files in a folder and its subfolders; symbolic links are followed. */
record ImageFolder(Path root, List<String> names) implements ImageSource {

    static ImageFolder list(Path root, List<String> extensions) {
        try (Stream<Path> files = Files.walk(root, FileVisitOption.FOLLOW_LINKS)) {
            // Whatever is not a folder counts, so that a broken link is reported instead of
            // skipped.
            List<String> names =
                    files.filter(file -> !Files.isDirectory(file))
                            .map(
                                    file ->
                                            root.relativize(file)
                                                    .toString()
                                                    .replace(File.separatorChar, '/'))
                            .filter(name -> ImageSource.isImage(name, extensions))
                            .sorted()
                            .toList();
            return new ImageFolder(root, names);
        } catch (IOException e) {
            throw DatasetException.unreadable(root.toString(), e);
        } catch (UncheckedIOException e) {
            throw DatasetException.unreadable(root.toString(), e.getCause());
        }
    }

    @Override
    public List<Path> files() {
        return names.stream().map(root::resolve).toList();
    }

    @Override
    public String location(String name) {
        return root.resolve(name).toString();
    }

    @Override
    public InputStream open(String name) throws IOException {
        return Files.newInputStream(root.resolve(name));
    }

    @Override
    public byte[] read(String name) throws IOException {
        return Files.readAllBytes(root.resolve(name));
    }

    @Override
    public Optional<byte[]> readIfPresent(String name) throws IOException {
        return Files.exists(root.resolve(name)) ? Optional.of(read(name)) : Optional.empty();
    }

    @Override
    public void close() {
        // Files are opened and closed one by one.
    }
}
