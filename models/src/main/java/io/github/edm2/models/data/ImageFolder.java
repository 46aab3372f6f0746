package io.github.edm2.models.data;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Image files in a folder and its subfolders; symbolic links are followed, except those to a folder
 * around them.
 */
record ImageFolder(Path root, List<String> names, String leftOut) implements ImageSource {

    private static final Logger log = LoggerFactory.getLogger(ImageFolder.class);

    static ImageFolder list(Path folder, List<String> extensions) {
        Walk walk = new Walk(folder);
        try {
            Files.walkFileTree(
                    folder, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, walk);
        } catch (IOException e) {
            throw DatasetException.unreadable(folder.toString(), e);
        }
        if (!walk.loops.isEmpty()) {
            log.warn(
                    "{} links to a folder around it and is left out{}",
                    walk.loops.get(0),
                    walk.loops.size() == 1
                            ? ""
                            : ", as are " + (walk.loops.size() - 1) + " others");
        }
        ImageListing listing = ImageListing.of(walk.files, extensions);
        return new ImageFolder(folder.resolve(listing.root()), listing.names(), listing.leftOut());
    }

    /** Collects whatever is no folder, so that a broken link is reported instead of skipped. */
    private static final class Walk extends SimpleFileVisitor<Path> {

        private final Path folder;
        private final List<String> files = new ArrayList<>();
        private final List<Path> loops = new ArrayList<>();

        private Walk(Path folder) {
            this.folder = folder;
        }

        private String name(Path file) {
            return folder.relativize(file).toString().replace(File.separatorChar, '/');
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            files.add(name(file));
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException problem) throws IOException {
            if (problem instanceof FileSystemLoopException) {
                loops.add(file);
            } else if (ImageListing.isHidden(name(file))) {
                // Folders of the system cannot be opened by everybody, and nobody asked for them.
                files.add(name(file));
            } else {
                throw problem;
            }
            return FileVisitResult.CONTINUE;
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
