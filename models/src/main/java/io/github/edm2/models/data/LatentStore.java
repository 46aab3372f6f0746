package io.github.edm2.models.data;

import java.util.Random;
import java.util.SplittableRandom;

/**
 * Raw latents in NPY files, read each time they are needed; of what a file holds, a network sees a
 * sample.
 */
record LatentStore(ImageSource source, ImageShape shape) implements ImageStore {

    /**
     * Reads the headers of all files.
     *
     * @param source at least one NPY file
     */
    static LatentStore open(ImageSource source) {
        return new LatentStore(
                source,
                source.commonShape(
                        NpyLatents.MAX_HEADER_BYTES,
                        (bytes, location) -> NpyLatents.header(bytes, location).shape(),
                        "All latents must have the same size",
                        "encode images of one size"));
    }

    @Override
    public int count() {
        return source.names().size();
    }

    @Override
    public byte[] pixels(int index) {
        throw new DatasetException(
                source.location(source.names().get(index))
                        + " holds latents and no pixels; give a dataset of images");
    }

    @Override
    public void encode(int index, boolean mirrored, long seed, float[] values, int offset) {
        float[] raw = read(source.names().get(index));
        // Mixed, because the seeds of neighbouring images are neighbours; Random's algorithm is
        // part of Java's specification.
        Random noise = new Random(new SplittableRandom(seed).nextLong());
        int length = shape.length();
        int width = shape.width();
        int plane = shape.height() * width;
        for (int row = 0; row < length; row += width) {
            for (int x = 0; x < width; x++) {
                int from = row + (mirrored ? width - 1 - x : x);
                values[offset + row + x] =
                        Latents.sample(
                                row / plane,
                                raw[from],
                                raw[length + from],
                                (float) noise.nextGaussian());
            }
        }
    }

    private float[] read(String name) {
        String location = source.location(name);
        byte[] file = source.content(name);
        NpyLatents header = NpyLatents.header(file, location);
        source.requireUnchanged(name, shape, header.shape());
        return header.values(file, location);
    }

    @Override
    public void close() {
        source.close();
    }
}
