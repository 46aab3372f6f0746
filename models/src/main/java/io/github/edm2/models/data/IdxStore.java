package io.github.edm2.models.data;

import java.util.List;

/** Images of an IDX file, held in memory as the file has them. */
record IdxStore(ImageShape shape, List<byte[]> images) implements ImageStore {

    @Override
    public int count() {
        return images.size();
    }

    @Override
    public byte[] pixels(int index) {
        return images.get(index);
    }

    @Override
    public void close() {
        // Nothing is open.
    }
}
