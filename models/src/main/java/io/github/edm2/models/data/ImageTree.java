package io.github.edm2.models.data;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Image files in folders or an archive. Their labels are those of a {@code dataset.json} at the
 * root; without one, and if all images are in two or more folders, the numbers of the top-level
 * folders in {@link NaturalOrder}.
 */
record ImageTree(ImageSource source, int[] labels, boolean upright, AtomicInteger turned)
        implements RawImages {

    /**
     * Finds the labels.
     *
     * @throws DatasetException if there are no images or the label file is wrong
     */
    static ImageTree of(ImageSource source, boolean upright) {
        List<String> names = source.names();
        if (names.isEmpty()) {
            throw new DatasetException(
                    "There are no images in " + source.location("") + "; " + ACCEPTED);
        }
        Optional<int[]> labels = LabelFile.readIfPresent(source);
        return new ImageTree(
                source, labels.orElseGet(() -> folderLabels(names)), upright, new AtomicInteger());
    }

    private static int[] folderLabels(List<String> names) {
        if (names.stream().anyMatch(name -> name.indexOf('/') < 0)) {
            return new int[0];
        }
        String[] folders =
                names.stream()
                        .map(ImageTree::folder)
                        .distinct()
                        .sorted(NaturalOrder.COMPARATOR)
                        .toArray(String[]::new);
        return folders.length < 2
                ? new int[0]
                : names.stream()
                        .mapToInt(
                                name ->
                                        Arrays.binarySearch(
                                                folders, folder(name), NaturalOrder.COMPARATOR))
                        .toArray();
    }

    private static String folder(String name) {
        return name.substring(0, name.indexOf('/'));
    }

    @Override
    public String leftOut() {
        return source.leftOut();
    }

    @Override
    public int count() {
        return source.names().size();
    }

    @Override
    public List<Path> files() {
        return source.files();
    }

    @Override
    public String location(int index) {
        return source.location(source.names().get(index));
    }

    @Override
    public RgbImage read(int index) {
        byte[] file = source.content(source.names().get(index));
        RgbImage image = ImageDecoder.decode(file, location(index), upright);
        if (!upright && ExifOrientation.isTurned(file)) {
            turned.incrementAndGet();
        }
        return image;
    }

    @Override
    public int unturned() {
        return turned.get();
    }

    @Override
    public void close() {
        source.close();
    }
}
