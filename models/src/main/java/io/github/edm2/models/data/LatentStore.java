package io.github.edm2.models.data;

import java.io.IOException;
import java.io.InputStream;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

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
        int count = source.names().size();
        ImageShape[] shapes =
                IntStream.range(0, count)
                        .parallel()
                        .mapToObj(index -> shape(source, source.names().get(index)))
                        .toArray(ImageShape[]::new);
        for (int i = 1; i < count; i++) {
            if (!shapes[i].equals(shapes[0])) {
                throw new DatasetException(
                        "All latents must have the same size, but %s is %s and %s is %s; encode images of one size"
                                .formatted(
                                        source.location(source.names().get(0)),
                                        shapes[0],
                                        source.location(source.names().get(i)),
                                        shapes[i]));
            }
        }
        return new LatentStore(source, shapes[0]);
    }

    private static ImageShape shape(ImageSource source, String name) {
        try (InputStream in = source.open(name)) {
            NpyLatents header =
                    NpyLatents.header(
                            in.readNBytes(NpyLatents.MAX_HEADER_BYTES), source.location(name));
            return header.shape();
        } catch (IOException e) {
            throw DatasetException.unreadable(source.location(name), e);
        }
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
        byte[] file;
        try {
            file = source.read(name);
        } catch (IOException e) {
            throw DatasetException.unreadable(location, e);
        }
        NpyLatents header = NpyLatents.header(file, location);
        if (!header.shape().equals(shape)) {
            throw new DatasetException(
                    "%s was %s when the dataset was opened and is %s now; open the dataset again"
                            .formatted(location, shape, header.shape()));
        }
        return header.values(file, location);
    }

    @Override
    public void close() {
        source.close();
    }
}
