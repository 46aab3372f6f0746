package io.github.edm2.models.data;

import io.github.edm2.models.Count;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * An images-idx3 file of MNIST's naming and the labels-idx1 file beside it.
 *
 * @param images file of images
 * @param others the folder's other files of images, if it was found in a folder
 */
record IdxPair(Path images, List<Path> others) {

    /**
     * {@code train-images-idx3-ubyte.gz} and the like; some copies have a dot for the second dash.
     */
    private static final Pattern NAME = Pattern.compile("(.*)images([-.])idx3(.*?)(\\.gz)?");

    private static final String GZIP = ".gz";

    private static final String PREFERRED_PREFIX = "train";

    IdxPair(Path images) {
        this(images, List.of());
    }

    /**
     * Finds the images file of a folder: the only one, or the one that starts with {@code train};
     * of a file and its compressed copy, the file.
     *
     * @throws DatasetException if there are several and none is the training set
     */
    static Optional<IdxPair> find(Path folder) {
        List<Path> candidates;
        try (Stream<Path> files = Files.list(folder)) {
            candidates =
                    files.filter(file -> NAME.matcher(file.getFileName().toString()).matches())
                            .filter(file -> !isCopy(file))
                            .sorted()
                            .toList();
        } catch (IOException e) {
            throw DatasetException.unreadable(folder.toString(), e);
        }
        if (candidates.size() <= 1) {
            return candidates.stream().findFirst().map(IdxPair::new);
        }
        List<Path> training =
                candidates.stream()
                        .filter(file -> file.getFileName().toString().startsWith(PREFERRED_PREFIX))
                        .toList();
        if (training.size() != 1) {
            throw new DatasetException(
                    folder
                            + " holds several IDX files of images, "
                            + candidates.stream().map(Path::getFileName).toList()
                            + ", and not exactly one that starts with \""
                            + PREFERRED_PREFIX
                            + "\"; give the path of one of them");
        }
        List<Path> others = new ArrayList<>(candidates);
        others.removeAll(training);
        return Optional.of(new IdxPair(training.get(0), others));
    }

    private static boolean isCopy(Path file) {
        String name = file.getFileName().toString();
        return name.endsWith(GZIP)
                && Files.exists(
                        file.resolveSibling(name.substring(0, name.length() - GZIP.length())));
    }

    /** As {@link RawImages#leftOut()}. */
    String leftOut() {
        return RawImages.besideTraining(others);
    }

    IdxStore readImages() {
        try (InputStream in = Files.newInputStream(images)) {
            return Idx.images(in, images.toString());
        } catch (IOException e) {
            throw DatasetException.unreadable(images.toString(), e);
        }
    }

    /**
     * Reads the labels.
     *
     * @param count number of images, which must be that of the labels
     */
    ImageLabels readLabels(int count) {
        Path file = labels();
        int[] labels;
        try (InputStream in = Files.newInputStream(file)) {
            labels = Idx.labels(in, file.toString());
        } catch (IOException e) {
            throw DatasetException.unreadable(file.toString(), e);
        }
        if (labels.length != count) {
            throw new DatasetException(
                    file
                            + " holds "
                            + Count.of(labels.length, "label", "labels")
                            + ", but "
                            + images
                            + " holds "
                            + Count.images(count)
                            + "; use the two files of one set");
        }
        return ImageLabels.ofClasses(
                labels, FashionMnist.isOf(labels) ? FashionMnist.NAMES : List.of());
    }

    /** Whether there is a file of labels beside that of the images. */
    boolean hasLabels() {
        Matcher name = NAME.matcher(images.getFileName().toString());
        return name.matches() && existing(labelName(name)).isPresent();
    }

    private Path labels() {
        Matcher name = NAME.matcher(images.getFileName().toString());
        if (!name.matches()) {
            throw new DatasetException(
                    "Labels were asked for, but the name of "
                            + images
                            + " does not contain \"images-idx3\", so its file of labels cannot be found;"
                            + " rename both files or train without labels");
        }
        String plain = labelName(name);
        return existing(plain)
                .orElseThrow(
                        () ->
                                new DatasetException(
                                        "Labels were asked for, but "
                                                + images
                                                + " has no "
                                                + plain
                                                + " or "
                                                + plain
                                                + GZIP
                                                + " beside it; add it or train without labels"));
    }

    private static String labelName(Matcher name) {
        return name.group(1) + "labels" + name.group(2) + "idx1" + name.group(3);
    }

    private Optional<Path> existing(String plain) {
        return Stream.of(plain, plain + GZIP)
                .map(images::resolveSibling)
                .filter(Files::exists)
                .findFirst();
    }
}
