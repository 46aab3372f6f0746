package io.github.edm2.models.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Images to make a dataset of: at least one, of any sizes, in a fixed order. Safe for use by many
 * threads.
 */
sealed interface RawImages extends AutoCloseable permits ImageTree, IdxImages, CifarImages {

    String ACCEPTED =
            "give a folder or zip archive of images, an IDX file of images (MNIST) or the binary batches of CIFAR-10";

    /**
     * Opens what is at a path.
     *
     * @param upright whether images are to be turned as their EXIF orientation says
     * @param shrinks whether images will be made smaller, so that large ones need not be refused
     * @throws DatasetException if there are no images, or their labels are wrong
     */
    static RawImages open(Path path, boolean upright, boolean shrinks) {
        if (!Files.exists(path)) {
            throw new DatasetException("There is no " + path.toAbsolutePath() + "; " + ACCEPTED);
        }
        return Files.isDirectory(path)
                ? openFolder(path, upright, shrinks)
                : openFile(path, upright, shrinks);
    }

    private static RawImages openFolder(Path folder, boolean upright, boolean shrinks) {
        ImageFolder files = ImageFolder.list(folder, ImageDecoder.EXTENSIONS);
        if (!files.names().isEmpty()) {
            return ImageTree.of(files, upright, shrinks);
        }
        Optional<IdxPair> idx = IdxPair.find(folder);
        if (idx.isPresent()) {
            return IdxImages.of(idx.get());
        }
        return CifarImages.find(folder)
                .orElseThrow(
                        () ->
                                new DatasetException(
                                        "There are no images in " + folder + "; " + ACCEPTED));
    }

    private static RawImages openFile(Path file, boolean upright, boolean shrinks) {
        if (CifarImages.isName(file)) {
            return CifarImages.of(file);
        }
        FileKind kind = FileKind.of(file);
        if (kind == FileKind.ZIP) {
            ImageZip zip = ImageZip.open(file, ImageDecoder.EXTENSIONS);
            try {
                return ImageTree.of(zip, upright, shrinks);
            } catch (DatasetException e) {
                zip.close();
                throw e;
            }
        }
        if (kind == FileKind.IDX) {
            return IdxImages.of(new IdxPair(file));
        }
        throw new DatasetException(
                file + " is none of the sources that can be converted; " + ACCEPTED);
    }

    /** Number of images, at least 1. */
    int count();

    /** How messages call image {@code index}. */
    String location(int index);

    /**
     * Decodes image {@code index}.
     *
     * @throws DatasetException if it cannot be read or is damaged
     */
    RgbImage read(int index);

    /** Labels of all images, or none. */
    ImageLabels labels();

    /** What of a folder or archive is not converted, a line for people; empty if all is. */
    String leftOut();

    /** The line about files of images beside those of the training set; empty if there are none. */
    static String besideTraining(List<Path> others) {
        return others.isEmpty()
                ? ""
                : others.stream()
                        .map(file -> file.getFileName().toString())
                        .collect(
                                Collectors.joining(
                                        ", ",
                                        "left out: ",
                                        " (a folder stands for its training set; give the path of another file to use that)"));
    }

    /** Images read so far whose EXIF orientation says to turn them, which was not asked for. */
    default int unturned() {
        return 0;
    }

    /** The files that the images are in: where none of them changes, the images do not. */
    List<Path> files();

    @Override
    void close();
}
