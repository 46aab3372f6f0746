package io.github.edm2.models.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds out which form of an {@link ImageDataset} is at a path, opens it and tells the log. */
final class DatasetOpener {

    private static final Logger log = LoggerFactory.getLogger(ImageDataset.class);

    private static final String ACCEPTED =
            "give a folder or zip archive of images, one of NPY files with latents or an IDX file of images";

    /** Whether class labels are used. */
    enum Labels {
        /** It is an error if there are none. */
        REQUIRED,
        /** Where there are some. */
        IF_PRESENT,
        /** They are counted for the log. */
        UNUSED;

        static Labels of(boolean cond) {
            return cond ? REQUIRED : UNUSED;
        }
    }

    private DatasetOpener() {}

    /**
     * Opens a dataset.
     *
     * @throws DatasetException as {@link ImageDataset#open(Path, boolean)}
     */
    static ImageDataset open(Path path, Labels use, long cacheBytes) {
        if (!Files.exists(path)) {
            throw new DatasetException("There is no " + path.toAbsolutePath() + "; " + ACCEPTED);
        }
        return Files.isDirectory(path)
                ? openFolder(path, use, cacheBytes)
                : openFile(path, use, cacheBytes);
    }

    private static ImageDataset openFolder(Path folder, Labels use, long cacheBytes) {
        ImageFolder source = ImageFolder.list(folder, ImageDecoder.EXTENSIONS);
        if (source.names().isEmpty()) {
            source = ImageFolder.list(folder, ImageSource.NPY);
        }
        if (source.names().isEmpty()) {
            Optional<IdxPair> idx = IdxPair.find(folder);
            if (idx.isPresent()) {
                return openIdx(idx.get(), use);
            }
        }
        return openImages(nameOf(folder), source, folder, use, cacheBytes);
    }

    private static ImageDataset openFile(Path file, Labels use, long cacheBytes) {
        FileKind kind = FileKind.of(file);
        if (kind == FileKind.ZIP) {
            ImageZip zip = ImageZip.open(file, ImageDecoder.EXTENSIONS);
            if (zip.names().isEmpty()) {
                zip.close();
                zip = ImageZip.open(file, ImageSource.NPY);
            }
            return openImages(nameOf(file), zip, file, use, cacheBytes);
        }
        if (CifarImages.isBatch(file)) {
            throw new DatasetException(
                    file
                            + " looks like a binary batch of CIFAR-10; make a dataset of it with dataset convert");
        }
        if (kind == FileKind.IDX) {
            return openIdx(new IdxPair(file), use);
        }
        throw new DatasetException(
                file + " is neither a zip archive nor an IDX file of images; " + ACCEPTED);
    }

    private static ImageDataset openImages(
            String name, ImageSource source, Path path, Labels use, long cacheBytes) {
        try {
            if (source.names().isEmpty()) {
                throw new DatasetException(
                        "There are no images in %s; %s"
                                .formatted(
                                        path,
                                        isCifar(path)
                                                ? "it holds binary batches of CIFAR-10, of which dataset convert makes a dataset"
                                                : ACCEPTED));
            }
            ImageStore store =
                    ImageSource.isImage(source.names().get(0), ImageSource.NPY)
                            ? LatentStore.open(source)
                            : ImageFileStore.open(source, cacheBytes);
            warn(path, source.leftOut());
            Supplier<ImageLabels> present = () -> ClassFolders.orOf(source);
            return switch (use) {
                case REQUIRED -> labelled(path, name, store, required(source, present.get()));
                case IF_PRESENT -> labelled(path, name, store, present.get());
                case UNUSED -> unlabelled(path, name, store, present);
            };
        } catch (DatasetException e) {
            source.close();
            throw e;
        }
    }

    private static boolean isCifar(Path folder) {
        if (!Files.isDirectory(folder)) {
            return false;
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.anyMatch(CifarImages::isBatch);
        } catch (IOException e) {
            throw DatasetException.unreadable(folder.toString(), e);
        }
    }

    private static ImageLabels required(ImageSource source, ImageLabels labels) {
        if (labels.isEmpty()) {
            throw new DatasetException(
                    "Labels were asked for, but "
                            + source.location(LabelFile.NAME)
                            + " does not exist or says \"labels\": null; add labels or train without them");
        }
        return labels;
    }

    private static ImageDataset openIdx(IdxPair idx, Labels use) {
        IdxStore store = idx.readImages();
        warn(idx.images().getParent(), idx.leftOut());
        String name = nameOf(idx.images());
        Supplier<ImageLabels> present =
                () -> idx.hasLabels() ? idx.readLabels(store.count()) : ImageLabels.NONE;
        return switch (use) {
            case REQUIRED -> labelled(idx.images(), name, store, idx.readLabels(store.count()));
            case IF_PRESENT -> labelled(idx.images(), name, store, present.get());
            case UNUSED -> unlabelled(idx.images(), name, store, present);
        };
    }

    private static ImageDataset labelled(
            Path path, String name, ImageStore store, ImageLabels labels) {
        tell(path, store, labels.inWords());
        return new ImageDataset(name, store, labels);
    }

    /** Labels that nobody asked for are counted, and damaged ones are no error. */
    private static ImageDataset unlabelled(
            Path path, String name, ImageStore store, Supplier<ImageLabels> labels) {
        String found;
        try {
            ImageLabels unused = labels.get();
            found = unused.inWords() + (unused.isEmpty() ? "" : " (labels not used)");
        } catch (DatasetException e) {
            found = "labels not used, which are damaged: " + e.getMessage();
        }
        tell(path, store, found);
        return new ImageDataset(name, store, ImageLabels.NONE);
    }

    private static void warn(Path path, String leftOut) {
        if (!leftOut.isEmpty()) {
            log.warn("{}: {}", path, leftOut);
        }
    }

    private static void tell(Path path, ImageStore store, String labels) {
        log.info("{}: {}", path, ImageDataset.inWords(store, labels));
    }

    /** File name without its last extension. */
    private static String nameOf(Path path) {
        return path.toAbsolutePath()
                .normalize()
                .getFileName()
                .toString()
                .replaceFirst("(?<=.)\\.[^.]*$", "");
    }
}
