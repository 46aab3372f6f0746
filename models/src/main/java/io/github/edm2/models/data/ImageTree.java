package io.github.edm2.models.data;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Image files in folders or an archive. Their labels are those of a {@code dataset.json} at the
 * root, or else of {@link ClassFolders}.
 */
record ImageTree(
        ImageSource source,
        ImageLabels labels,
        boolean upright,
        boolean shrinks,
        AtomicInteger turned)
        implements RawImages {

    /**
     * Finds the labels.
     *
     * @throws DatasetException if there are no images or the label file is wrong
     */
    static ImageTree of(ImageSource source, boolean upright, boolean shrinks) {
        if (source.names().isEmpty()) {
            throw new DatasetException(
                    "There are no images in " + source.location("") + "; " + ACCEPTED);
        }
        return new ImageTree(
                source, ClassFolders.orOf(source), upright, shrinks, new AtomicInteger());
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
        RgbImage image = ImageDecoder.decode(file, location(index), upright, shrinks);
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
