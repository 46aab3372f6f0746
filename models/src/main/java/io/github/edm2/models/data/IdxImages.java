package io.github.edm2.models.data;

import java.nio.file.Path;
import java.util.List;

/** Images of an IDX file, with the labels of the file beside it if there is one. */
record IdxImages(Path file, IdxStore store, ImageLabels labels, String leftOut)
        implements RawImages {

    static IdxImages of(IdxPair pair) {
        IdxStore store = pair.readImages();
        ImageLabels labels = pair.hasLabels() ? pair.readLabels(store.count()) : ImageLabels.NONE;
        return new IdxImages(pair.images(), store, labels, pair.leftOut());
    }

    @Override
    public int count() {
        return store.count();
    }

    @Override
    public List<Path> files() {
        return List.of(file);
    }

    @Override
    public String location(int index) {
        return file + ", image " + index;
    }

    @Override
    public RgbImage read(int index) {
        return RgbImage.of(store.shape(), store.pixels(index));
    }

    @Override
    public void close() {
        store.close();
    }
}
